"""`tallybook events`: what stands in the log, read, followed and taken away as a file."""

import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from api.cli.as_of import AsOfOption
from api.cli.connection import DataDir, opened
from api.cli.output import (
    EXIT_REFUSED,
    AsJson,
    data,
    explained,
    note,
    quiet_when_closed,
    write_line,
)
from api.cli.progress import progress_of
from api.cli.tables import printable

if TYPE_CHECKING:
    from api.audit.events.objects import OpenedEvent
    from api.audit.events.selection import SelectedEvents, Selection
    from api.services import Services
    from ledger.store.event_sourcing import EventSourcedLedger

app = typer.Typer(
    name="events",
    help="Events of the log: list, show, follow, export.",
    no_args_is_help=True,
)

_POLL_SECONDS: Final = 0.5
_MOST_LINKS: Final = 20

_Type = Annotated[
    list[str] | None,
    typer.Option("--type", help="Such as invoice.finalized.v2, invoice.finalized or 'invoice.*'."),
]
_Stream = Annotated[str | None, typer.Option(help="The id of an object: in_…, cus_…")]
_Actor = Annotated[str | None, typer.Option(help="Such as key:… or system:scheduler.")]
_Since = Annotated[str | None, typer.Option(help="Recorded then or later: ISO 8601 or seconds.")]
_Until = Annotated[str | None, typer.Option(help="Recorded before.")]
_After = Annotated[int, typer.Option(min=0, help="Positions after this one.")]
_Through = Annotated[int | None, typer.Option(min=1, help="And up to this one.")]
_Sealed = Annotated[bool, typer.Option("--sealed", help="Leave personal fields as stored.")]
_Live = Annotated[bool, typer.Option("--live", help="In the live ledger.")]
_Lines = Annotated[bool, typer.Option("--json", help="Print a JSON document a line.")]


@app.command("list")
def list_events(  # noqa: PLR0913, PLR0917 - one parameter an option
    types: _Type = None,
    stream: _Stream = None,
    actor: _Actor = None,
    since: _Since = None,
    until: _Until = None,
    after: _After = 0,
    through: _Through = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1)] = 20,
    as_of: AsOfOption = None,
    sealed: _Sealed = False,
    live: _Live = False,
    as_json: _Lines = False,
    data_dir: DataDir = None,
) -> None:
    """List events, the newest first."""
    with explained(), quiet_when_closed(), opened(data_dir) as (services, _):
        wanted = _selection(types, stream, actor, (since, until), (after, through))
        ledger, known = _ledger_as_of(services, as_of, live=live)
        found = _selected(ledger, wanted.up_to(known)).newest_first()
        _print(islice(found, limit), as_json=as_json, sealed=sealed)


@app.command("show")
def show_event(
    position: Annotated[str, typer.Argument(metavar="POSITION", help="As a list tells it.")],
    as_of: AsOfOption = None,
    sealed: _Sealed = False,
    live: _Live = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what was recorded at a position, by whom and for which request.

    Exit code 4 when there is no such position, or was none then.
    """
    from api.audit.events.causes import cause_of
    from api.audit.events.objects import whole_event_object
    from api.audit.events.routes import event_at
    from projections.audit.causes import caused_by

    with explained(), quiet_when_closed(), opened(data_dir) as (services, _):
        ledger, known = _ledger_as_of(services, as_of, live=live)
        event = event_at(ledger, position, known)
        shown = whole_event_object(event, sealed=sealed)
        if as_json:
            data(shown)
        else:
            reader = services.reader(ledger.recorder.ledger_id)
            cause = cause_of(reader, ledger, event, known)
            led_to = caused_by(reader, event.position, after=0, limit=_MOST_LINKS, through=known)
            _tell(shown, cause["recorded_together"], led_to)


@app.command("tail")
def tail_events(  # noqa: PLR0913, PLR0917 - one parameter an option
    types: _Type = None,
    stream: _Stream = None,
    actor: _Actor = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="How many first.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for new ones.")] = False,
    as_of: AsOfOption = None,
    sealed: _Sealed = False,
    live: _Live = False,
    as_json: _Lines = False,
    data_dir: DataDir = None,
) -> None:
    """Print the last events, the newest last, and with -f the new ones as they come."""
    if follow and as_of is not None:
        raise typer.BadParameter("Nothing follows in the past.", param_hint="--as-of")
    with explained(), quiet_when_closed(), opened(data_dir) as (services, _):
        ledger, known = _ledger_as_of(services, as_of, live=live)
        head = known or ledger.recorder.head()[0]
        wanted = _selection(types, stream, actor, (None, None), (0, head or 1))
        last = [*islice(_selected(ledger, wanted).newest_first(), limit)]
        _print(reversed(last), as_json=as_json, sealed=sealed)
        while follow:
            now = ledger.recorder.head()[0]
            if now > head:
                wanted = _selection(types, stream, actor, (None, None), (head, now))
                newer = _selected(ledger, wanted).oldest_first()
                _print(newer, as_json=as_json, sealed=sealed)
                head = now
            time.sleep(_POLL_SECONDS)


@app.command("export")
def export_events(  # noqa: PLR0913, PLR0917 - one parameter an option
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Or - for standard output.")
    ] = Path("-"),
    file_format: Annotated[
        Literal["jsonl", "parquet"] | None,
        typer.Option("--format", help="By the file's name if not given."),
    ] = None,
    types: _Type = None,
    stream: _Stream = None,
    actor: _Actor = None,
    since: _Since = None,
    until: _Until = None,
    after: _After = 0,
    through: _Through = None,
    as_of: AsOfOption = None,
    sealed: _Sealed = False,
    live: _Live = False,
    data_dir: DataDir = None,
) -> None:
    """Write events to a file, the oldest first: JSON lines, or Parquet (extra `parquet`).

    The file is there under its name once it is whole; its last line says how far it goes.
    """
    from api.audit.events.exporting import event_file, format_of

    with explained(), quiet_when_closed(), opened(data_dir) as (services, _):
        wanted = _selection(types, stream, actor, (since, until), (after, through))
        ledger, known = _ledger_as_of(services, as_of, live=live)
        selected = _selected(ledger, wanted.up_to(known))
        try:
            with event_file(output, file_format or format_of(output), sealed=sealed) as file:
                written, position = _export(selected, file)
        except BrokenPipeError:
            raise
        except OSError as error:
            note(f"{output} cannot be written: {error.strerror or error}.")
            raise typer.Exit(EXIT_REFUSED) from None
        note(f"{written} events, through position {position}")


def _export(selected: "SelectedEvents", file: Any) -> tuple[int, int]:
    """How many events were written, and the last position that was looked at."""
    from api.audit.events.exporting import EVENTS_OF_GROUP

    waiting: list[OpenedEvent] = []
    written, first, last = 0, selected.begins_after(), selected.ends_before() - 1
    position = first
    with progress_of("Exporting events") as progress:
        for event, holds in selected.walk():
            position = event.position
            if holds:
                waiting.append(event)
            if len(waiting) >= EVENTS_OF_GROUP:
                file.write(waiting)
                written += len(waiting)
                waiting = []
                progress(position - first, max(last - first, 1))
        if waiting:
            file.write(waiting)
        progress(max(last - first, 1), max(last - first, 1))
    return written + len(waiting), max(position, last)


def _selection(
    types: list[str] | None,
    stream: str | None,
    actor: str | None,
    times: tuple[str | None, str | None],
    positions: tuple[int, int | None],
) -> "Selection":
    """What was asked for. Raises InvalidRequest."""
    from api.audit.cli_query import time_of
    from api.audit.events.selection import Selection, topics_like

    since, until = (
        None if text is None else time_of(text, option)
        for text, option in zip(times, ("--since", "--until"), strict=True)
    )
    after, through = positions
    return Selection(
        topics=topics_like(types or [], param="--type"),
        stream=stream,
        actor=actor,
        since=since,
        until=until,
        after=after,
        before=None if through is None else through + 1,
    )


def _ledger_as_of(
    services: "Services", as_of: str | None, *, live: bool
) -> "tuple[EventSourcedLedger, int | None]":
    """The ledger, and the last position of it that is to be known of, None for all there is."""
    from api.accounts.cli_views import position_at
    from api.meter_events.cli import default_ledger

    identity = default_ledger(services, live=live)
    return services.application(identity), position_at(services, identity, as_of)


def _selected(ledger: "EventSourcedLedger", wanted: "Selection") -> "SelectedEvents":
    from api.audit.events.selection import SelectedEvents

    return SelectedEvents(ledger.recorder, ledger.mapper, wanted)


def _print(events: Iterable["OpenedEvent"], *, as_json: bool, sealed: bool) -> None:
    """A line for each: for programs the whole, for people where it stands and who caused it."""
    import msgspec

    from api.audit.events.objects import event_object

    for event in events:
        if as_json:
            write_line(msgspec.json.encode(event_object(event, sealed=sealed)).decode())
            continue
        at = f"{event.meta.recorded_at:%Y-%m-%d %H:%M:%S}"
        stored = event.stored
        stream = printable(str(stored.originator_id))
        write_line(f"{event.position:>9}  {at}  {stored.topic:<36}  {stream}  {event.meta.actor}")


def _tell(shown: dict[str, Any], together: list[int], led_to: list[int]) -> None:
    import msgspec

    for name, value in shown.items():
        if name not in {"object", "data", "requests"} and value is not None:
            write_line(f"{name:<16} {printable(str(value))}")
    for name, positions in (("together_with", together), ("led_to", led_to)):
        if positions:
            more = " …" if len(positions) > _MOST_LINKS - 1 else ""
            write_line(f"{name:<16} {', '.join(map(str, positions[:_MOST_LINKS]))}{more}")
    for name in ("data", "requests"):
        if name in shown:
            write_line(name)
            write_line(msgspec.json.format(msgspec.json.encode(shown[name]), indent=2).decode())
