"""One thing at two points in time."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from api.audit.diff.changes import Change, changes
from api.audit.diff.events import Between, EventPage, events_between
from api.audit.diff.steps import Steps
from api.audit.diff.subjects import Rendered, Subject
from api.audit.usage import written
from api.http.call import view_of
from api.http.routes import encode_answer
from api.services import Services
from ledger.kernel.clock import system_now
from ledger.kernel.commands import LedgerIdentity
from ledger.kernel.errors import InvalidRequest, LedgerError
from ledger.meter_events.usage import Positions
from projections.runtime.log import Log
from projections.runtime.moments import PointInTime

MOST_EVENTS: Final = 1_000
DEFAULT_EVENTS: Final = 100


@dataclass(frozen=True, slots=True)
class Stretch:
    """From which point to which one, and which of the events between are wanted: at most `limit`
    after the position `after`. `names` are what the points are called where they were asked for."""

    start: PointInTime
    end: PointInTime
    limit: int = DEFAULT_EVENTS
    after: int = 0
    names: tuple[str, str] = ("from", "to")


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs, and the events that made it differ."""

    subject: Subject
    stretch: Stretch
    changes: list[Change]
    between: Between

    def document(self) -> dict[str, Any]:
        """The difference as JSON."""
        return {
            "object": "difference",
            "kind": self.subject.kind,
            "id": self.subject.id,
            "from": _point(self.stretch.start),
            "to": _point(self.stretch.end),
            "equal": not self.changes,
            "changes": [
                {"path": one.path, "kind": one.kind, "before": one.before, "after": one.after}
                for one in self.changes
            ],
            "events": {
                "object": "list",
                "has_more": self.between.more,
                "data": self.between.objects(),
            },
        }


def now_of(log: Log) -> PointInTime:
    """All that was recorded up to now."""
    return PointInTime(log.head(), system_now())


def difference(
    services: Services, identity: LedgerIdentity, subject: Subject, stretch: Stretch
) -> Difference:
    """Compare. Raises LedgerError, naming the point at which the subject cannot be shown."""
    first_name, last_name = stretch.names
    if stretch.start.position > stretch.end.position:
        raise InvalidRequest(
            f"Invalid {last_name}: it must not be before {first_name}.", param=last_name
        )
    sides = [
        _rendered(services, identity, subject, point, name)
        for point, name in zip((stretch.start, stretch.end), stretch.names, strict=True)
    ]
    found = list(changes(*(_plain(side) for side in sides)))

    def shown(position: int) -> Any:
        """At the time of the later point, so that what time alone changed is no event's doing."""
        point = PointInTime(position, stretch.end.at)
        try:
            return _plain(subject.render(view_of(services, identity, point)))
        except LedgerError:
            return {}

    between = events_between(
        services.reader(identity.ledger_id),
        services.log(identity.ledger_id),
        sides,
        Steps(shown, [one.path for one in found]),
        Positions(stretch.start.position + 1, stretch.end.position),
        EventPage(stretch.after, stretch.limit),
    )
    return Difference(subject, stretch, found, between)


def _plain(rendered: Rendered) -> Any:
    """A document as whoever asks for it reads it."""
    return msgspec.json.decode(encode_answer(rendered.document))


def _rendered(
    services: Services, identity: LedgerIdentity, subject: Subject, point: PointInTime, name: str
) -> Rendered:
    try:
        return subject.render(view_of(services, identity, point))
    except LedgerError as refusal:
        refusal.param = refusal.param or name
        raise


def _point(point: PointInTime) -> dict[str, Any]:
    return {"position": point.position, "at": written(point.at)}
