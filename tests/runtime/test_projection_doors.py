"""The versions of read models on the command line and over HTTP, while everything is served."""

import json
import re
from typing import Any

import psycopg
import pytest

from projections.meters.rows import METERS
from tests.support.served import Served


def told(served: Served, *words: str, code: int = 0) -> Any:
    """What a command says to a program."""
    ran = served.command("projections", *words, "--json")
    assert ran.returncode == code, ran.stderr
    return json.loads(ran.stdout)


def status_page(served: Served) -> dict[str, dict[str, Any]]:
    with served.http() as client:
        answer = client.get("/audit/v1/projections")
    assert answer.status_code == 200
    assert answer.json()["object"] == "list"
    return {one["name"]: one for one in answer.json()["data"]}


@pytest.fixture
def meter(served: Served) -> str:
    created = served.client().v1.billing.meters.create(
        {"display_name": "M", "event_name": "m", "default_aggregation": {"formula": "sum"}}
    )
    return created.id


def test_versions_stand_side_by_side_and_are_switched(served: Served, meter: str) -> None:
    [rebuilt] = told(served, "rebuild", "meters")
    assert rebuilt["projection"] == "meters_v2"
    assert (rebuilt["equal"], rebuilt["switched"]) == (True, True)
    listed = [one for one in told(served, "list") if one["projection"] == "meters_v2"]
    assert [one["state"] for one in listed] == ["live", "replaced"]
    assert listed[0]["events"] == listed[1]["events"] > 0
    assert told(served, "switch", "meters_v2") == {"projection": "meters_v2", "switched": True}
    assert told(served, "drop", "meters") == {"dropped": ["meters"]}
    with served.http() as client:
        assert client.get(f"/v1/billing/meters/{meter}").status_code == 200

    page = status_page(served)["meters"]
    assert page["version"] == 2
    assert page["position"] == served.head()
    assert page["lag"] == 0
    assert page["last_error"] is None
    assert page["other_version"] is None
    [table] = page["tables"]
    assert (table["name"], table["equal"]) == ("meters", True)
    assert 1 <= table["rows"] <= rebuilt["tables"][0]["rows"]  # those of one ledger, and of all
    assert re.fullmatch("2:[0-9a-f]{64}", table["digest"])


def test_a_row_that_was_tampered_with_is_named(served: Served) -> None:
    created = served.client().v1.billing.meters.create(
        {"display_name": "T", "event_name": "t", "default_aggregation": {"formula": "sum"}}
    )
    with served.http() as client:
        client.get(f"/v1/billing/meters/{created.id}").raise_for_status()
    with psycopg.connect(served.database_url) as conn:
        conn.execute(
            f"UPDATE {METERS.relation()} SET data = jsonb_set(data, '{{display_name}}', '\"X\"') "
            "WHERE id = %s",
            (created.id,),
        )
    [found] = told(served, "verify", "meters", code=3)
    assert found["tables"][0]["differing"] == [f"1 {created.id}"]
    assert status_page(served)["meters"]["tables"][0]["equal"] is False
    told(served, "rebuild", "meters", "--drop-replaced", code=3)
    [found] = told(served, "verify", "meters", "--throttle", "50%")
    assert found["equal"] is True


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("rebuild", "nothing"), 4, "No such projection: 'nothing'"),
        (("verify", "meters", "nothing"), 4, "No such projection: 'nothing'"),
        (("switch", "coupons"), 6, "There is no other version of coupons_v1 to switch to."),
        (("drop", "coupons"), 4, "There is no other version of coupons."),
        (("drop", "coupons", "--earlier"), 4, "There is no earlier version of coupons."),
        (("rebuild", "meters", "--throttle", "quick"), 6, "'quick' is neither"),
        (("rebuild", "meters", "--workers", "0"), 2, "--workers"),
    ],
)
def test_what_cannot_be_done_is_refused(
    served: Served, words: tuple[str, ...], code: int, said: str
) -> None:
    ran = served.command("projections", *words)
    assert ran.returncode == code
    assert said in ran.stderr
