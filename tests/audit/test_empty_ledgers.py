"""A ledger in which nothing happened yet: every question has an answer, or is refused clearly."""

import pytest

from tests.support.served import Served


@pytest.fixture(scope="module")
def empty(served: Served) -> str:
    """A key to a ledger of a new account."""
    return served.new_key(livemode=True).key


def test_its_sums_hold(served: Served, empty: str) -> None:
    with served.http(empty) as http:
        found = http.get("/audit/v1/ledger/check")
    assert found.status_code == 200, found.text
    assert (found.json()["holds"], found.json()["position"]) == (True, 0)


@pytest.mark.parametrize("as_of", ["1", "2026-01-01T00:00:00Z", "position:0", "position:1"])
def test_it_has_no_past(served: Served, empty: str, as_of: str) -> None:
    with served.http(empty) as http:
        found = http.get("/audit/v1/late_usage", params={"as_of": as_of})
    assert (found.status_code, found.json()["error"]["param"]) == (400, "as_of")


def test_what_is_kept_of_it_is_told(served: Served) -> None:
    ran = served.command("usage", "retention", "--live")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("All single meter events are kept.\n")
    assert "others" in ran.stdout
