"""`as_of`: an answer as it would have been given at an earlier moment.

`position:123` is a place in the ledger's log; anything else is an instant, in seconds since 1970 or
by RFC 3339, which stands for all that was recorded by then. What is asked for (the window of a
summary, the subscription of a preview) says for which time, `as_of` says from what knowledge.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias, cast

from pydantic import Field
from pydantic.functional_validators import PlainValidator
from pydantic.json_schema import WithJsonSchema

from api.http.params import RequestParams
from api.http.wire_types import MOMENT_SCHEMA, read_moment, refusal, shown
from ledger.kernel.clock import system_now
from ledger.kernel.errors import InvalidRequest
from projections.runtime.log import Log
from projections.runtime.moments import PointInTime, position_at, recorded_at

_POSITION: Final = re.compile(r"position:([+-]?[0-9]{1,19})")


@dataclass(frozen=True, slots=True)
class AsOf:
    """What was asked for: a position, or an instant."""

    position: int | None = None
    instant: datetime | None = None


def read_as_of(value: object) -> AsOf:
    """From the wire. Raises PydanticCustomError."""
    if isinstance(value, str) and value.startswith("position:"):
        found = _POSITION.fullmatch(value)
        if found is None:
            raise refusal(f"Invalid {{param}}: {shown(value)}. A position is position:123.")
        return AsOf(position=int(found[1]))
    return AsOf(instant=cast("datetime", read_moment(value)))


AsOfField: TypeAlias = Annotated[
    AsOf,
    PlainValidator(read_as_of),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": "^position:[0-9]+$"}, *MOMENT_SCHEMA["anyOf"]]}
    ),
]
"""A position of the log, `position:123`, or an instant."""


class AsOfParams(RequestParams):
    """A read that can be asked of the past."""

    as_of: Annotated[
        AsOfField | None,
        Field(
            description="An earlier moment, and the answer as it would have been given then: "
            "`position:123` of the log, or an instant, for all that was recorded by then."
        ),
    ] = None


def resolve(log: Log, asked: AsOf, *, param: str = "as_of") -> PointInTime:
    """The point of the log that is meant.

    Raises InvalidRequest for one before the ledger's first event, beyond its last one, or in the
    future.
    """
    if asked.instant is not None:
        return _at_instant(log, asked.instant, param)
    position, head = asked.position or 0, log.head()
    if position < 1:
        raise InvalidRequest(
            f"Invalid {param}: the ledger begins at position 1. Received {position}.", param=param
        )
    if position > head:
        raise InvalidRequest(
            f"Invalid {param}: the ledger ends at position {head}. Received {position}.",
            param=param,
        )
    return PointInTime(position, recorded_at(log, position))


def _at_instant(log: Log, instant: datetime, param: str) -> PointInTime:
    if instant > system_now():
        raise InvalidRequest(f"Invalid {param}: {_z(instant)} is in the future.", param=param)
    position = position_at(log, instant)
    if position == 0:
        began = f"; its first event was recorded at {_z(recorded_at(log, 1))}" if log.head() else ""
        raise InvalidRequest(
            f"Invalid {param}: the ledger has nothing from {_z(instant)} or before{began}.",
            param=param,
        )
    return PointInTime(position, instant)


def _z(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def point_of(params: Any, log: Log) -> PointInTime | None:
    """The point that a request asks for, if it does. Raises InvalidRequest."""
    asked = getattr(params, "as_of", None)
    return resolve(log, asked) if isinstance(asked, AsOf) else None
