"""A caller's own notes on an object: a small map of strings."""

from collections.abc import Mapping
from typing import Final

from ledger.kernel.errors import InvalidRequest

MAX_KEYS: Final = 50
"""Keys that one object may have (contract §2)."""


def merge_metadata(
    old: Mapping[str, str], change: Mapping[str, str] | None, *, param: str = "metadata"
) -> dict[str, str]:
    """What an object has after a change: None clears all, an empty value removes its key.

    Raises InvalidRequest if more than 50 keys are left.
    """
    if change is None:
        return {}
    merged = {key: value for key, value in {**old, **change}.items() if value != ""}
    if len(merged) > MAX_KEYS:
        raise InvalidRequest(f"Invalid {param}: at most {MAX_KEYS} keys are allowed.", param=param)
    return merged
