"""What a verification looks at the database with."""

from typing import LiteralString, cast
from urllib.parse import quote

import pytest

from ledger.audit.verifying.moment import moment
from projections.audit.verifying.tasks import Side, Slice
from projections.meter_events.rows import METER_EVENTS
from tests.support.postgres import Database


def with_option(url: str, option: str) -> str:
    """The URL of sessions that begin with a setting."""
    return f"{url}{'&' if '?' in url else '?'}options={quote(f'-c {option}')}"


def test_it_waits_for_others_that_look_at_it_however_long_they_take(
    shared_database: Database,
) -> None:
    url = with_option(shared_database.app_url, "idle_in_transaction_session_timeout=1000")
    with moment(url) as there, moment(url, there.snapshot) as same:
        for one in (there, same):
            waits = one.row("SELECT current_setting('idle_in_transaction_session_timeout')")
            assert waits == ("0",)


@pytest.mark.parametrize(
    ("side", "relation"),
    [("keys", "ledger.usage_keys"), ("singles", f"{METER_EVENTS.relation()}_default")],
)
def test_a_slice_of_a_table_is_read_block_by_block_whatever_is_known_of_it(
    shared_database: Database, side: Side, relation: str
) -> None:
    query = Slice(side, relation, (0, 10)).query(1, 0)
    with moment(with_option(shared_database.app_url, "enable_seqscan=off")) as there:
        plan = "\n".join(line for (line,) in there.rows(cast("LiteralString", f"EXPLAIN {query}")))
    assert "Tid Range Scan" in plan
    assert "Index" not in plan
