"""Field types of request models: the exact text that the wire allows, and what it becomes.

Values arrive as strings (forms) or as JSON values (v2, audit). Every type checks the text by a
strict ASCII grammar and caps its length before converting, so that no short text is dear to read.
Use them as `Annotated` aliases; `text(250)` limits a string.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, cast

import iso4217
from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from api.http.forms import as_elements
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.quantities import parse_decimal_amount

T = TypeVar("T")

LATEST_TIME: Final = 7_258_118_400
"""The first second of 2200: later times are refused, so that adding periods never overflows."""

MAX_EXPAND_DEPTH: Final = 4

_SHOWN: Final = 80
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_DATE_TIME: Final = {"type": "string", "format": "date-time"}
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def refusal(
    message: str, *, code: str | None = None, inside: tuple[str, ...] = ()
) -> PydanticCustomError:
    """What a validator raises to refuse a value.

    `{param}` in the message becomes the field's name in bracket form. `inside` leads further into
    the field, to the entry of a map that is at fault.
    """
    context: dict[str, Any] = {"message": message, "code": code, "inside": inside}
    return PydanticCustomError("wire", "{message}", context)


def shown(value: object) -> str:
    """A value as an error message quotes it: short, and without the insides of a map or list."""
    match value:
        case dict():
            return "a map"
        case list():
            return "a list"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            quoted = str(value)
            return quoted if len(quoted) <= _SHOWN else f"{quoted[:_SHOWN]}…"


class _Grammar:
    """A type whose instances read one kind of value; the call is the validator."""

    def __call__(self, value: object) -> object:
        raise NotImplementedError

    def json_schema(self) -> dict[str, Any]:
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.__call__)

    def __get_pydantic_json_schema__(
        self, _: CoreSchema, __: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return self.json_schema()


@dataclass(frozen=True)
class Integer(_Grammar):
    """A whole number within bounds, both included."""

    minimum: int = -(2**63)
    maximum: int = 2**63 - 1

    def __call__(self, value: object) -> int:
        number = _whole(value)
        if number < self.minimum:
            message = f"Invalid {{param}}: must be at least {self.minimum}."
            raise refusal(message, code="parameter_invalid_integer")
        if number > self.maximum:
            message = f"Invalid {{param}}: must be at most {self.maximum}."
            raise refusal(message, code="parameter_invalid_integer")
        return number

    def json_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


def _whole(value: object) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise refusal(f"Invalid integer: {shown(value)}", code="parameter_invalid_integer")


@dataclass(frozen=True)
class DecimalNumber(_Grammar):
    """An exact decimal amount, also in scientific notation, within the ledger's own bounds."""

    allow_negative: bool = False

    def __call__(self, value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise refusal(f"Invalid decimal: {shown(value)}")
        try:
            return parse_decimal_amount(str(value), allow_negative=self.allow_negative)
        except InvalidRequest as invalid:
            raise refusal(invalid.message) from None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "decimal"}


@dataclass(frozen=True)
class EpochSeconds(_Grammar):
    """A time in whole seconds since 1970, as an aware UTC datetime; `now` only where allowed."""

    allow_now: bool = False

    def __call__(self, value: object) -> datetime | Literal["now"]:
        if self.allow_now and value == "now":
            return "now"
        seconds = _whole(value)
        if not 0 <= seconds <= LATEST_TIME:
            raise refusal(
                f"Invalid {{param}}: must be a Unix time in seconds from 0 to {LATEST_TIME}."
            )
        return datetime.fromtimestamp(seconds, UTC)

    def json_schema(self) -> dict[str, Any]:
        seconds = {"type": "integer", "format": "unix-time", "minimum": 0, "maximum": LATEST_TIME}
        return {"anyOf": [seconds, {"const": "now"}]} if self.allow_now else seconds


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    raise refusal(f"Invalid boolean: {shown(value)}")


def _rfc_3339(value: object) -> datetime:
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise refusal(f"Invalid timestamp: {shown(value)}") from None
        if 0 <= moment.timestamp() <= LATEST_TIME:
            return moment
    raise refusal(
        f"Invalid timestamp: {shown(value)}; it must be RFC 3339, such as "
        "2026-01-31T12:00:00Z, from 1970 to 2199."
    )


def read_moment(value: object) -> object:
    """A time either way, as an aware datetime. Raises PydanticCustomError."""
    if isinstance(value, int) or (isinstance(value, str) and _INTEGER.fullmatch(value)):
        return EpochSeconds()(value)
    return _rfc_3339(value)


@cache
def _currencies() -> frozenset[str]:
    """Codes of money: those that ISO 4217 gives a minor unit (metals and test codes have none)."""
    return frozenset(c.code.lower() for c in iso4217.Currency if c.exponent is not None)


def _currency(value: object) -> str:
    code = value.lower() if isinstance(value, str) and value.isascii() else ""
    if code not in _currencies():
        raise refusal(
            f"Invalid currency: {shown(value)}. It must be a three-letter ISO 4217 code, such as "
            "usd."
        )
    return code


def _unless_empty(value: object) -> object:
    return None if value == "" else value


def _elements(value: object) -> object:
    """Let a list be written with indices; what is no list is left for pydantic to refuse."""
    if value == "":
        return value
    elements = as_elements(value)
    return value if elements is None else elements[1]


def _shallow(path: str) -> str:
    if path.count(".") >= MAX_EXPAND_DEPTH:
        raise refusal(f"You cannot expand more than {MAX_EXPAND_DEPTH} levels deep: {shown(path)}")
    return path


def _string_map(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise refusal("Invalid object: {param} must be a map of strings.")
    given = cast("dict[str, object]", value)
    if len(given) > 50:
        raise refusal("Invalid {param}: at most 50 keys are allowed.")
    for key, item in given.items():
        if not 1 <= len(key) <= 100:
            raise refusal("Invalid {param}: a key must have 1 to 100 characters.")
        if not isinstance(item, str):
            raise refusal(f"Invalid string: {shown(item)}", inside=(key,))
        if item == "":
            message = "You passed an empty string for '{param}', which must have a value."
            raise refusal(message, code="parameter_invalid_empty", inside=(key,))
        if len(item) > 500:
            raise refusal("Invalid {param}: must be at most 500 characters.", inside=(key,))
    return cast("dict[str, str]", given)


def text(max_length: int) -> StringConstraints:
    """A string of at most so many characters, and at least one."""
    return StringConstraints(strict=True, min_length=1, max_length=max_length)


WireInt: TypeAlias = Annotated[int, Integer()]
PositiveInt: TypeAlias = Annotated[int, Integer(1)]
NonNegativeInt: TypeAlias = Annotated[int, Integer(0)]
WireDecimal: TypeAlias = Annotated[Decimal, DecimalNumber(allow_negative=True)]
NonNegativeDecimal: TypeAlias = Annotated[Decimal, DecimalNumber()]
WireBool: TypeAlias = Annotated[bool, PlainValidator(_boolean), WithJsonSchema({"type": "boolean"})]
WireTimestamp: TypeAlias = Annotated[datetime, EpochSeconds()]
TimestampOrNow: TypeAlias = Annotated[datetime | Literal["now"], EpochSeconds(allow_now=True)]
Rfc3339Timestamp: TypeAlias = Annotated[
    datetime,
    PlainValidator(_rfc_3339),
    WithJsonSchema(_DATE_TIME),
]
MOMENT_SCHEMA: Final[dict[str, Any]] = {"anyOf": [EpochSeconds().json_schema(), _DATE_TIME]}

Moment: TypeAlias = Annotated[
    datetime,
    PlainValidator(read_moment),
    WithJsonSchema(MOMENT_SCHEMA),
]
"""A time either way: seconds since 1970, or RFC 3339."""

Id: TypeAlias = Annotated[str, text(255)]
Currency: TypeAlias = Annotated[
    str,
    PlainValidator(_currency),
    WithJsonSchema({"type": "string", "minLength": 3, "maxLength": 3, "format": "currency"}),
]
StringMap: TypeAlias = Annotated[
    dict[str, str],
    PlainValidator(_string_map),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]
"""A map of strings, such as the payload of a meter event."""

ArrayOf: TypeAlias = Annotated[list[T], BeforeValidator(_elements)]
"""A list, written `x[0]=…`, `x[]=…` or as JSON. Every list of a request model is one."""

Clearable: TypeAlias = Annotated[T | None, BeforeValidator(_unless_empty)]
"""A field that an empty string (or JSON null) unsets: None then, and in `model_fields_set`."""

ExpandParam: TypeAlias = ArrayOf[Annotated[str, text(200), AfterValidator(_shallow)]]
