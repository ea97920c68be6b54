"""Rewriting of the log that leaves nothing else to contradict it: the tree, the checkpoints in the
log, or at last one that was kept outside, tell."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from api.services import Services
from ledger.audit.merkle.notes import (
    Checkpoint,
    NoteRefused,
    SigningKey,
    open_note,
    read_note,
    sign_note,
)
from ledger.audit.merkle.tiles import grow
from ledger.audit.verifying.findings import SIGNED, TREE, Findings
from ledger.audit.verifying.moment import Moment
from ledger.store.mapper import deflate, inflate
from projections.audit.verifying.tree import LeafTree
from tests.support.postgres import Database, PostgresServer
from tests.tampering.looking import Tampered, tampering
from tests.tampering.scene import SIGNING_KEY, play

ORIGIN = "tallybook/acct_1/1"
OTHER_KEY = SigningKey(bytes(32))


def state_of(ledger: Tampered, position: int) -> bytes:
    """The JSON of a stored event."""
    found = ledger.conn.execute(
        "SELECT state FROM ledger.events WHERE ledger_id = 1 AND position = %s", (position,)
    ).fetchone()
    assert found is not None
    return inflate(found[0])


def rewrite(ledger: Tampered, position: int, state: bytes) -> None:
    ledger.conn.execute(
        "UPDATE ledger.events SET state = %s WHERE ledger_id = 1 AND position = %s",
        (deflate(state), position),
    )


def kept(ledger: Tampered, position: int) -> str:
    """The note of the checkpoint that stands at a position."""
    return json.loads(state_of(ledger, position))["data"]["note"]


def add_checkpoint(ledger: Tampered, **changed: Any) -> None:
    """Append a checkpoint, like the last one but for some of its fields."""
    last = json.loads(state_of(ledger, 56))
    last["data"] |= changed
    state = json.dumps(last, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()
    ledger.conn.execute(
        "INSERT INTO ledger.events SELECT ledger_id, originator_id, originator_version + 1, topic, "
        "57, %s FROM ledger.events WHERE ledger_id = 1 AND position = 56",
        (deflate(state),),
    )
    ledger.conn.execute("UPDATE ledger.heads SET position = 57, catalog_position = 57")


def test_who_caused_an_event(ledger: Tampered) -> None:
    """No read model says it, and the event is as good as before."""
    state = state_of(ledger, 20)
    assert b"system:test" in state
    rewrite(ledger, 20, state.replace(b"system:test", b"system:evil"))
    found = ledger.verify()
    assert found.first_bad_position == 20
    assert {finding.where for finding in found.findings} == {TREE, SIGNED}


def test_two_events_of_different_streams_swapped(ledger: Tampered) -> None:
    for now, then in ((4, -4), (6, 4), (-4, 6)):
        ledger.conn.execute(
            "UPDATE ledger.events SET position = %s WHERE ledger_id = 1 AND position = %s",
            (then, now),
        )
    found = ledger.verify()
    assert found.first_bad_position == 4
    assert [one.position for one in found.findings if one.where == TREE] == [4]


def test_a_changed_tile(ledger: Tampered) -> None:
    ledger.conn.execute(
        "UPDATE projections.merkle_tiles_v1 SET hashes = "
        "set_byte(hashes, 32 * 30, get_byte(hashes, 32 * 30) # 1) WHERE ledger_id = 1"
    )
    found = ledger.verify()
    assert [(one.where, one.position, one.key) for one in found.findings] == [(TREE, 31, "0/0")]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM projections.merkle_tiles_v1 WHERE ledger_id = 1",
        "UPDATE projections.merkle_tiles_v1 SET tile = 1 WHERE ledger_id = 1",
        "UPDATE projections.merkle_tiles_v1 SET level = 1 WHERE ledger_id = 1",
        "UPDATE projections.merkle_tiles_v1 SET hashes = hashes || hashes WHERE ledger_id = 1",
    ],
)
def test_tiles_that_are_not_where_they_should_be(ledger: Tampered, statement: str) -> None:
    assert ledger.conn.execute(statement.encode()).rowcount == 1
    assert TREE in {finding.where for finding in ledger.verify().findings}


def test_of_a_high_tree_the_hash_that_is_wrong_is_named(ledger: Tampered) -> None:
    leaves = [number.to_bytes(32, "big") for number in range(700)]
    for tile, hashes in grow(0, leaves, lambda _: b""):
        ledger.conn.execute(
            "INSERT INTO projections.merkle_tiles_v1 (ledger_id, level, tile, hashes) "
            "VALUES (9, %s, %s, %s)",
            (tile.level, tile.number, hashes),
        )

    def look(leaves: list[bytes]) -> list[tuple[int | None, str | None]]:
        findings = Findings()
        LeafTree(b"".join(leaves)).check(Moment(ledger.conn, "", ""), 9, findings)
        return [(finding.position, finding.key) for finding in findings.ordered()]

    assert look(leaves) == []
    assert look([*leaves[:300], bytes(32), *leaves[301:]]) == [(301, "0/1")]
    assert look(leaves[:600]) == [(601, "0/2")]
    ledger.conn.execute(
        "UPDATE projections.merkle_tiles_v1 SET hashes = set_byte(hashes, 40, 0) "
        "WHERE ledger_id = 9 AND level = 1"
    )
    assert look(leaves) == [(257, "1/0")]


def test_a_tree_of_rewritten_events_against_the_checkpoints_in_the_log(ledger: Tampered) -> None:
    """Event and tree are rewritten; the key was not at hand."""
    rewrite(ledger, 20, state_of(ledger, 20).replace(b"system:test", b"system:evil"))
    held = ledger.verify()
    [at_20] = [finding for finding in held.findings if finding.where == TREE]
    assert at_20.position == 20
    _rebuild_tree(ledger)
    found = ledger.verify()
    assert {finding.where for finding in found.findings} == {SIGNED}
    assert found.first_bad_position == 1
    assert found.findings[0].key == "ckpt_53"


def _rebuild_tree(ledger: Tampered) -> None:
    from ledger.audit.verifying.walk import Stretch, walk

    there = Moment(ledger.conn, "", "")
    pages = walk(there, 1, Stretch(1, 56), Findings())
    leaves = b"".join(walked.leaf for page in pages for walked in page)
    ledger.conn.execute(
        "UPDATE projections.merkle_tiles_v1 SET hashes = %s WHERE ledger_id = 1", (leaves,)
    )


def test_a_forged_checkpoint(ledger: Tampered) -> None:
    note = kept(ledger, 56)
    forged = note.replace(f"\n{read_note(note).size}\n", "\n54\n")
    add_checkpoint(ledger, note=forged, size=54)
    found = ledger.verify()
    assert found.first_bad_position == 57
    assert "it is not signed" in found.findings[0].what


def test_a_checkpoint_that_says_another_size_than_its_note(ledger: Tampered) -> None:
    add_checkpoint(ledger, size=56)
    found = ledger.verify()
    assert (found.first_bad_position, found.findings[0].where) == (57, SIGNED)
    assert "another size or root" in found.findings[0].what


def test_a_checkpoint_by_a_key_that_is_not_trusted(ledger: Tampered) -> None:
    root = read_note(kept(ledger, 56)).root
    note = sign_note(Checkpoint(ORIGIN, 55, root), OTHER_KEY)
    add_checkpoint(ledger, note=note, key=str(OTHER_KEY.public(ORIGIN)))
    trusted = SIGNING_KEY.public(ORIGIN)
    wrong = [one for one in ledger.verify(None, trusted).findings if one.where == SIGNED]
    assert [finding.position for finding in wrong] == [57]


def test_a_checkpoint_of_another_ledger(ledger: Tampered) -> None:
    root = read_note(kept(ledger, 56)).root
    elsewhere = "tallybook/acct_1/2"
    note = sign_note(Checkpoint(elsewhere, 55, root), SIGNING_KEY)
    add_checkpoint(ledger, note=note, key=str(SIGNING_KEY.public(elsewhere)))
    found = ledger.verify()
    assert found.first_bad_position == 57
    assert elsewhere in found.findings[0].what


def test_a_truncated_tail_of_which_the_tree_was_cut_too(ledger: Tampered) -> None:
    for statement in (
        "DELETE FROM ledger.events WHERE ledger_id = 1 AND position > 54",
        "DELETE FROM ledger.usage_keys WHERE ledger_id = 1 AND position > 54",
        "UPDATE ledger.heads SET position = 54, catalog_position = 54 WHERE ledger_id = 1",
        "UPDATE projections.merkle_tiles_v1 SET hashes = substring(hashes, 1, 1728)",
        "UPDATE projections.checkpoints SET position = 54 WHERE ledger_id = 1",
    ):
        ledger.conn.execute(statement)
    found = ledger.verify()
    assert not found.holds
    assert {finding.where for finding in found.findings} >= {
        "projections.meter_events_v4",
        "projections.signed_checkpoints_v1",
    }


@pytest.fixture(scope="module")
def another(postgres_server: PostgresServer) -> Iterator[Database]:
    with postgres_server.database() as fresh:
        yield fresh


def test_everything_rewritten_and_signed_again_against_a_kept_checkpoint(
    ledger: Tampered, another: Database
) -> None:
    """Whoever owns the database and the key has made all of it anew, with other usage."""
    note = kept(ledger, 56)
    assert ledger.verify(note).holds
    services = Services(another.app_url, pool_size=4, follow_inline=True)
    try:
        play(services, 1, late_value="99")
        with tampering(services, another.owner_url, 1) as rewritten:
            assert kept(rewritten, 56) != note
            assert rewritten.verify().holds
            found = rewritten.verify(note)
    finally:
        services.close()
    [finding] = found.findings
    assert (finding.where, finding.key, finding.position) == (SIGNED, "ckpt_55", 1)


def test_a_log_made_anew_without_its_tail_against_a_kept_checkpoint(
    ledger: Tampered, postgres_server: PostgresServer
) -> None:
    note = kept(ledger, 56)
    with postgres_server.database() as fresh:
        services = Services(fresh.app_url, pool_size=4, follow_inline=True)
        try:
            play(services, 1, to_the_end=False)
            with tampering(services, fresh.owner_url, 1) as shorter:
                assert shorter.verify().holds
                found = shorter.verify(note)
        finally:
            services.close()
    [finding] = found.findings
    assert finding.where == SIGNED
    assert finding.position == 55
    assert "is about 55 events, and the log has 54" in finding.what


def test_a_kept_note_that_was_altered_is_refused(ledger: Tampered) -> None:
    note = kept(ledger, 56)
    text, _, signature = note.rpartition(" ")
    raw = bytearray(base64.b64decode(signature))
    raw[-1] ^= 1
    with pytest.raises(NoteRefused):
        ledger.verify(f"{text} {base64.b64encode(raw).decode()}\n")
    assert open_note(note, [SIGNING_KEY.public(ORIGIN)]).size == 55


def test_nothing_in_the_owner_s_session_is_needed(ledger: Tampered) -> None:
    """The application role, which may change nothing of the log, verifies as well."""
    with psycopg.connect(ledger.services.datastore.url) as conn:
        assert Tampered(ledger.services, conn, 1).verify().holds
