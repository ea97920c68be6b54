"""The `metadata` parameter (contract §2); `ledger.kernel.metadata` says what it changes."""

from typing import Annotated, Final, TypeAlias, cast

from pydantic import PlainValidator, WithJsonSchema

from api.http.wire_types import refusal, shown
from ledger.kernel.metadata import MAX_KEYS

MAX_KEY_LENGTH: Final = 40
MAX_VALUE_LENGTH: Final = 500


def _read(value: object) -> dict[str, str] | None:
    if value == "" or value is None:
        return None
    if not isinstance(value, dict):
        raise refusal("Invalid object: {param} must be a map of strings.")
    given = cast("dict[str, object]", value)
    if len(given) > MAX_KEYS:
        raise refusal(f"Invalid {{param}}: at most {MAX_KEYS} keys are allowed.")
    return {_key(key): _value(key, item) for key, item in given.items()}


def _key(key: str) -> str:
    if not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise refusal(
            f"Invalid {{param}}: the key {shown(key)} must have 1 to {MAX_KEY_LENGTH} characters."
        )
    if "[" in key or "]" in key:
        raise refusal(f"Invalid {{param}}: the key {shown(key)} must not contain square brackets.")
    return key


def _value(key: str, item: object) -> str:
    if item is None:
        return ""
    if not isinstance(item, str):
        raise refusal(f"Invalid {{param}}: must be a string, not {shown(item)}.", inside=(key,))
    if len(item) > MAX_VALUE_LENGTH:
        message = f"Invalid {{param}}: must be at most {MAX_VALUE_LENGTH} characters."
        raise refusal(message, inside=(key,))
    return item


MetadataParam: TypeAlias = Annotated[
    dict[str, str] | None,
    PlainValidator(_read),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "object",
                    "maxProperties": MAX_KEYS,
                    "additionalProperties": {"type": "string", "maxLength": MAX_VALUE_LENGTH},
                },
                {"const": ""},
            ]
        }
    ),
]
"""Changes to metadata: None clears all, an empty value removes its key. Declare it with the default
`{}`, which changes nothing."""
