"""The `Stripe-Version` header: what it may say and the defaults that follow it (contract §0).

Answers have one shape, that of `CURRENT`; an older version only selects other defaults.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeAlias

from api.http.errors import ApiError

BillingMode: TypeAlias = Literal["classic", "flexible"]

CURRENT_TEXT: Final = "2026-10-28.endive"

# A date, since 2024 also a release name, and marks of preview features, which change nothing here.
_VERSION: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.([a-z]{1,30}))?(?:; ?[a-z0-9_]{1,60}=v[0-9]{1,3}){0,20}"
)


@dataclass(frozen=True, order=True)
class ApiVersion:
    """A version of the API, ordered by its date."""

    released: date
    text: str = field(compare=False)


def parse_version(text: str) -> ApiVersion:
    """Read a version such as `2026-10-28.endive` or `2022-11-15`. Raises `ApiError` 400."""
    match = _VERSION.fullmatch(text)
    if match:
        try:
            return ApiVersion(date.fromisoformat(match[1]), text)
        except ValueError:
            pass
    raise ApiError(
        f"Invalid Stripe-Version: {text[:80]}. It must be a date with an optional release name, "
        f"such as {CURRENT_TEXT}."
    )


CURRENT: Final = parse_version(CURRENT_TEXT)
_FLEXIBLE_SINCE: Final = date(2025, 9, 30)


def requested_version(header: str | None) -> ApiVersion:
    """The version a request asks for; the current one without a header. Raises `ApiError` 400."""
    return CURRENT if header is None or header == CURRENT_TEXT else parse_version(header)


def default_billing_mode(version: ApiVersion) -> BillingMode:
    """The billing mode of a subscription that names none (contract §8): flexible since clover."""
    return "flexible" if version.released >= _FLEXIBLE_SINCE else "classic"
