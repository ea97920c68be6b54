"""The Stripe-Version header."""

import pytest

from api.http.errors import ApiError
from api.http.versions import CURRENT, default_billing_mode, parse_version, requested_version


def test_versions_are_ordered_by_date() -> None:
    older, newer = parse_version("2022-11-15"), parse_version("2025-05-28.basil")
    assert older < newer < CURRENT
    assert parse_version("2026-10-28.other") == CURRENT


@pytest.mark.parametrize(
    ("header", "mode"),
    [
        (None, "flexible"),
        ("2026-10-28.endive", "flexible"),
        ("2025-09-30.clover", "flexible"),
        ("2025-09-30.preview; billing_beta=v1", "flexible"),
        ("2025-09-29", "classic"),
        ("2025-05-28.basil", "classic"),
        ("2024-09-30.acacia", "classic"),
        ("2020-08-27", "classic"),
    ],
)
def test_the_version_decides_the_default_billing_mode(header: str | None, mode: str) -> None:
    assert default_billing_mode(requested_version(header)) == mode


@pytest.mark.parametrize(
    "header",
    ["", "endive", "2026-13-01", "2026-02-30.basil", "2026-10-28.", "2026-10-28\n", "٢" * 4],
)
def test_refuses_what_is_no_version(header: str) -> None:
    with pytest.raises(ApiError, match="Invalid Stripe-Version") as refused:
        requested_version(header)
    assert refused.value.status == 400
