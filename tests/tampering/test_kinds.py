"""Tampering of each kind, done in SQL by the owner of the tables, is found and named."""

from typing import LiteralString

from projections.audit.verifying.verify import VerifiedLedger
from tests.tampering.looking import Tampered


def after(ledger: Tampered, *statements: LiteralString) -> VerifiedLedger:
    """What is found after statements that each change something."""
    for statement in statements:
        assert ledger.conn.execute(statement).rowcount > 0, statement
    return ledger.verify()


def position_of(ledger: Tampered, topic: LiteralString) -> int:
    """The first position of a topic."""
    found = ledger.conn.execute(
        "SELECT min(position) FROM ledger.events WHERE ledger_id = 1 AND topic = %s", (topic,)
    ).fetchone()
    assert found is not None
    return found[0]


def said(found: VerifiedLedger) -> str:
    return "\n".join(finding.sentence() for finding in found.findings)


def test_a_ledger_left_alone_holds(ledger: Tampered) -> None:
    found = ledger.verify()
    assert said(found) == ""
    assert found.holds
    assert found.meter_events > 260
    assert found.rows > 100


def test_a_byte_of_a_usage_event(ledger: Tampered) -> None:
    at = position_of(ledger, "usage.recorded.v1")
    found = after(
        ledger,
        "UPDATE ledger.events SET state = set_byte(state, octet_length(state) / 2, "
        "get_byte(state, octet_length(state) / 2) # 1) WHERE ledger_id = 1 AND position = "
        "(SELECT min(position) FROM ledger.events WHERE topic = 'usage.recorded.v1')",
    )
    assert found.first_bad_position == at


def test_a_deleted_event_leaves_a_gap(ledger: Tampered) -> None:
    found = after(ledger, "DELETE FROM ledger.events WHERE ledger_id = 1 AND position = 20")
    assert found.first_bad_position == 20
    assert found.findings[0].where == "ledger.events"
    assert found.findings[0].what == "no event stands there"


def test_a_deleted_event_of_which_the_rest_moves_up(ledger: Tampered) -> None:
    found = after(
        ledger,
        "DELETE FROM ledger.events WHERE ledger_id = 1 AND position = 20",
        "UPDATE ledger.events SET position = -position WHERE ledger_id = 1 AND position > 20",
        "UPDATE ledger.events SET position = -position - 1 WHERE ledger_id = 1 AND position < 0",
        "UPDATE ledger.heads SET position = position - 1, catalog_position = catalog_position - 1 "
        "WHERE ledger_id = 1",
    )
    assert not found.holds
    assert "ledger.usage_keys" in said(found)


def test_a_swapped_pair_of_one_stream(ledger: Tampered) -> None:
    found = after(
        ledger,
        "UPDATE ledger.events SET originator_version = -originator_version "
        "WHERE ledger_id = 1 AND originator_id = 'cus_a' AND originator_version IN (1, 2)",
        "UPDATE ledger.events SET originator_version = 3 + originator_version "
        "WHERE ledger_id = 1 AND originator_id = 'cus_a' AND originator_version < 0",
    )
    assert found.first_bad_position == 1
    assert "version 1 stands before version 0" not in said(found)
    assert "version 2 stands before version 1" in said(found)


def test_a_swapped_pair_of_usage(ledger: Tampered) -> None:
    at = position_of(ledger, "usage.recorded.v1")
    found = after(
        ledger,
        "UPDATE ledger.events SET position = -position, originator_version = -position "
        "WHERE ledger_id = 1 AND topic = 'usage.recorded.v1' AND position IN (SELECT position "
        "FROM ledger.events WHERE topic = 'usage.recorded.v1' ORDER BY position LIMIT 2)",
        "UPDATE ledger.events AS e SET position = s.total + e.position, "
        "originator_version = s.total + e.position FROM (SELECT -sum(position) AS total "
        "FROM ledger.events WHERE position < 0) AS s WHERE e.position < 0",
    )
    assert found.first_bad_position == at
    assert "ledger.usage_keys" in said(found)


def test_a_truncated_tail_with_the_head_as_it_was(ledger: Tampered) -> None:
    last = position_of(ledger, "meter_event.cancelled.v1")
    found = after(ledger, "DELETE FROM ledger.events WHERE ledger_id = 1 AND position > 48")
    assert last == 49
    assert found.first_bad_position == 49
    assert "nor at any through" in said(found)


def test_a_truncated_tail_with_the_head_put_right(ledger: Tampered) -> None:
    found = after(
        ledger,
        "DELETE FROM ledger.events WHERE ledger_id = 1 AND position > 48",
        "UPDATE ledger.heads SET position = 48, catalog_position = "
        "(SELECT max(position) FROM ledger.events WHERE topic NOT LIKE 'usage.%') "
        "WHERE ledger_id = 1",
    )
    assert found.first_bad_position == 49
    assert "projections.checkpoints" in said(found)
    assert "ledger.usage_keys" in said(found)


def test_a_deleted_usage_key(ledger: Tampered) -> None:
    found = after(
        ledger,
        "DELETE FROM ledger.usage_keys WHERE ledger_id = 1 AND position = 46 AND ordinal = 5",
    )
    assert found.first_bad_position == 46
    assert "record 5 there has no key" in said(found)


def test_a_changed_usage_key(ledger: Tampered) -> None:
    found = after(
        ledger,
        "UPDATE ledger.usage_keys SET fingerprint = fingerprint # 1 "
        "WHERE ledger_id = 1 AND position = 47 AND ordinal = 0",
    )
    assert found.first_bad_position == 47
    assert "record 0 there has a key that says record 0 at 47" in said(found)


def test_a_usage_key_without_a_record(ledger: Tampered) -> None:
    found = after(
        ledger,
        "INSERT INTO ledger.usage_keys (ledger_id, ordinal, fingerprint, position, key) "
        "VALUES (1, 0, 1, 90, '00000000-0000-0000-0000-000000000001')",
    )
    assert found.first_bad_position == 90
    assert "no record has this key" in said(found)


def test_an_idempotency_key_beyond_the_head(ledger: Tampered) -> None:
    found = after(ledger, "UPDATE ledger.idempotency_keys SET position = 99 WHERE ledger_id = 1")
    assert "ledger.idempotency_keys key-1" in said(found)


def test_a_head_that_is_behind(ledger: Tampered) -> None:
    found = after(ledger, "UPDATE ledger.heads SET catalog_position = 12 WHERE ledger_id = 1")
    assert found.first_bad_position == 56
    assert "catalog_position is 12" in said(found)


def test_a_changed_row_of_the_catalogue(ledger: Tampered) -> None:
    found = after(
        ledger,
        "UPDATE projections.prices_v2 SET data = jsonb_set(data, '{active}', 'false') "
        "WHERE ledger_id = 1 AND id = 'price_seat'",
    )
    [finding] = found.findings
    assert (finding.where, finding.key) == ("projections.prices_v2", "price_seat")
    assert finding.what == "active is False, not True"


def test_a_column_that_says_something_else_than_its_document(ledger: Tampered) -> None:
    found = after(
        ledger, "UPDATE projections.customers_v2 SET email = 'eve@example.com' WHERE id = 'cus_b'"
    )
    assert "column email is eve@example.com, not ada@example.com" in said(found)


def test_a_changed_rollup(ledger: Tampered) -> None:
    found = after(
        ledger,
        "UPDATE projections.usage_rollups_v4 SET sum = sum + 1 WHERE ledger_id = 1 "
        "AND resolution = 3600",
    )
    [finding] = found.findings
    assert finding.where == "projections.usage_rollups_v4"
    assert finding.what.startswith("sum is ")


def test_a_stretch_that_is_no_longer_finer(ledger: Tampered) -> None:
    found = after(
        ledger,
        "UPDATE projections.usage_rollups_v4 SET finer = NULL WHERE ledger_id = 1 "
        "AND resolution = 3600 AND finer",
        "DELETE FROM projections.usage_rollups_v4 WHERE ledger_id = 1 AND resolution = 60",
    )
    assert "it is not finer" in said(found)


def test_a_changed_single_event(ledger: Tampered) -> None:
    found = after(
        ledger,
        "UPDATE projections.meter_events_v4 SET value = value + 1 WHERE ledger_id = 1 "
        "AND position = 46 AND ordinal = 17",
    )
    [finding] = found.findings
    assert finding.position == 46
    assert finding.where == "projections.meter_events_v4"
    assert finding.key is not None
    assert finding.key.endswith(" 46 17")


def test_a_missing_and_an_added_single_event(ledger: Tampered) -> None:
    found = after(
        ledger,
        "DELETE FROM projections.meter_events_v4 WHERE position = 46 AND ordinal = 1",
        "INSERT INTO projections.meter_events_v4 "
        "(ledger_id, ordinal, timestamp, position, series, value, payload) "
        "SELECT ledger_id, 500, timestamp, position, series, value, payload "
        "FROM projections.meter_events_v4 WHERE position = 46 AND ordinal = 2",
    )
    assert "the row is missing" in said(found)
    assert "nothing in the log leads to this row" in said(found)


def test_nothing_in_the_tables_of_the_log_raises(ledger: Tampered) -> None:
    """Bytes that are no event at all, and constraints that are gone."""
    found = after(
        ledger,
        "UPDATE ledger.events SET state = '' WHERE ledger_id = 1 AND position = 3",
        "UPDATE ledger.events SET state = '{}' WHERE ledger_id = 1 AND position = 46",
        "UPDATE ledger.events SET topic = 'meter.created.v9' WHERE ledger_id = 1 AND position = 11",
        "UPDATE ledger.events SET topic = 'usage.recorded.v9' "
        "WHERE ledger_id = 1 AND position = 47",
    )
    assert {finding.position for finding in found.findings} >= {3, 11, 46, 47}
    assert found.first_bad_position == 3
