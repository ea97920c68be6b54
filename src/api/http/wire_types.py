"""Field types of request models: the exact text that the wire allows, and what it becomes.

Values arrive as strings (forms) or as JSON values (v2, audit). Every type checks the text by a
strict ASCII grammar and caps its length before converting, so that no short text is dear to read.
Use them as `Annotated` aliases; `text(250)` limits a string.
"""

import re
from collections.abc import Callable
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

T = TypeVar("T")

LATEST_TIME: Final = 7_258_118_400
"""The first second of 2200: later times are refused, so that adding periods never overflows."""

MAX_EXPAND_DEPTH: Final = 4

_SHOWN: Final = 80
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_MAX_DECIMAL_TEXT: Final = 64
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
    """An exact decimal, also in scientific notation, with a cap on digits on both sides.

    The result is plain: no exponent and no trailing zeros, so equal numbers are equal text.
    """

    minimum: Decimal | None = None
    max_integer_digits: int = 15
    max_decimals: int = 12

    def __call__(self, value: object) -> Decimal:
        number = self._plain(value)
        if self.minimum is not None and number < self.minimum:
            raise refusal(f"Invalid {{param}}: must be at least {self.minimum}.")
        return number

    def _plain(self, value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise refusal(f"Invalid decimal: {shown(value)}")
        written = str(value)
        if len(written) > _MAX_DECIMAL_TEXT or _DECIMAL.fullmatch(written) is None:
            raise refusal(f"Invalid decimal: {shown(value)}")
        sign, digits, exponent = Decimal(written).as_tuple()
        significant = "".join(map(str, digits)).strip("0")
        if not significant:
            return Decimal(0)
        trailing = len("".join(map(str, digits))) - len("".join(map(str, digits)).rstrip("0"))
        exponent = cast("int", exponent) + trailing
        if -exponent > self.max_decimals:
            raise refusal(f"Invalid {{param}}: at most {self.max_decimals} decimals are allowed.")
        significant = significant if not significant else "".join(map(str, digits)).rstrip("0")
        if len(significant.lstrip("0")) + exponent > self.max_integer_digits:
            raise refusal(
                f"Invalid {{param}}: at most {self.max_integer_digits} digits are allowed "
                "before the decimal point."
            )
        return Decimal(sign)
    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "decimal"}
