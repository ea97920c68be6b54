"""When checkpoints are signed, and what the log holds of them."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from api.audit.checkpoints import (
    CLOSING_GATHERS_SECONDS,
    DueCheckpoints,
    OtherKey,
    origin_of,
    sign_checkpoint,
)
from api.audit.signing_key import Signer
from api.audit.witness import witness
from api.services import Services
from ledger.accounts.commands import CreateAccount
from ledger.accounts.ledgers import CONTROL_LEDGER
from ledger.audit.merkle.entries import leaf_of
from ledger.audit.merkle.notes import SigningKey, open_note
from ledger.audit.merkle.tree import root_of
from ledger.checkpoints.commands import SignCheckpoint
from ledger.customers.commands import CreateCustomer, ForgetCustomer
from ledger.customers.events import PersonalFields
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import Metadata, RecordedEvent
from ledger.meters.commands import CreateMeter, RenameMeter
from ledger.store.recorder import LedgerRecorder
from ledger.subscriptions.events import PeriodClosed
from projections.audit.merkle.projection import MerkleProjection
from projections.audit.merkle.queries import last_checkpoint, log_keys
from projections.audit.merkle.rows import CheckpointRow
from projections.runtime.projector import Projector
from tests.support.postgres import Database
from tests.support.tampering import rewrite

KEY = Signer(SigningKey(bytes(range(32))), given=False)
OTHER = Signer(SigningKey(bytes(32)), given=False)
LEDGER = LedgerIdentity(1, "acct_test", livemode=False)
HOUR = 3600


class Life:
    """A ledger, its time, and who signs its checkpoints."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.now = system_now()
        self.due = DueCheckpoints(services, KEY, HOUR)
        self.execute(CreateAccount(account=LEDGER.account_id, name="A"), CONTROL_LEDGER)
        self.execute(meter())

    def execute(self, command: Command, ledger: LedgerIdentity = LEDGER) -> int:
        circumstances = Circumstances(self.now, "system:test", "test")
        position = self.services.application(ledger).execute(command, circumstances).position
        self.project()
        return position

    def close_a_period(self) -> None:
        """Record that one was closed, which is all that matters here."""
        mapper, recorder = self.services.application(LEDGER).mapper, self.recorder
        closed = PeriodClosed(ended=(), begun=(), closed_at=self.now, invoice=None)
        metadata = Metadata(recorded_at=self.now, actor="system:test", correlation_id="test")
        recorded = RecordedEvent(f"sub_{self.head()}", 1, closed, metadata)
        recorder.append([mapper.to_stored_event(recorded)])
        self.project()

    def pass_time(self, seconds: int) -> int:
        """How many checkpoints are signed after some time."""
        self.now += timedelta(seconds=seconds)
        done = self.due.sign(self.now, lambda: False)
        self.project()
        return done

    def project(self) -> None:
        Projector(self.services.datastore, self.services.log, [MerkleProjection()]).catch_up()

    @property
    def recorder(self) -> LedgerRecorder:
        return self.services.application(LEDGER).recorder

    def head(self) -> int:
        return self.recorder.head()[0]

    def last(self) -> CheckpointRow:
        row = last_checkpoint(self.services.reader(LEDGER.ledger_id))
        assert row is not None
        return row

    def sign(self, signer: Signer = KEY) -> bool:
        signed = sign_checkpoint(self.services, LEDGER, signer, self.now, "system:test")
        self.project()
        return signed


def meter() -> CreateMeter:
    return CreateMeter(meter="mtr_1", display_name="M", event_name="m", formula="sum")


def renamed(name: str) -> RenameMeter:
    return RenameMeter(meter="mtr_1", display_name=name)


@pytest.fixture
def life(database: Database) -> Iterator[Life]:
    services = Services(database.app_url, pool_size=4)
    yield Life(services)
    services.close()


def test_a_checkpoint_is_of_the_log_and_stands_in_it(life: Life) -> None:
    size = life.head()
    assert life.sign()

    row = life.last()
    leaves = [leaf_of(LEDGER.ledger_id, one) for one in life.recorder.select_notifications(1, 100)]
    kept = open_note(row.note, [KEY.key.public(origin_of(LEDGER))])
    assert kept == ("tallybook/acct_test/1", size, root_of(leaves[:size]))
    assert (row.size, row.root, row.sequence) == (size, kept.root.hex(), size + 1)
    assert life.recorder.select_stream("checkpoints")[0].topic == "checkpoint.signed.v1"
    assert [one.key for one in log_keys(life.services.reader(LEDGER.ledger_id))] == [row.key]


def test_checkpoints_alone_are_no_reason_for_another(life: Life) -> None:
    assert life.sign()
    head = life.head()

    assert not life.sign()
    assert life.pass_time(10 * HOUR) == 1  # of the control ledger, which has none yet
    assert life.pass_time(10 * HOUR) == 0
    assert life.head() == head
    life.execute(renamed("N"))
    assert life.sign()
    assert life.last().size == head + 1


def test_checkpoints_are_signed_at_intervals(life: Life) -> None:
    assert life.pass_time(HOUR - 2) == 0
    assert life.pass_time(4) == 2
    for minute in range(59):
        life.execute(renamed(str(minute)))
        assert life.pass_time(60) == 0
    assert life.pass_time(60) == 1
    assert life.last().size == life.head() - 1


def test_a_period_that_closes_is_signed_soon_and_many_together(life: Life) -> None:
    life.close_a_period()
    assert life.pass_time(1) == 1
    head = life.head()
    for _ in range(20):
        life.close_a_period()
        assert life.pass_time(1) == 0
    assert life.pass_time(CLOSING_GATHERS_SECONDS) == 1
    assert life.head() == head + 21
    assert life.pass_time(CLOSING_GATHERS_SECONDS) == 0


def test_of_two_who_sign_the_same_one_is_first(life: Life) -> None:
    size = life.head()
    command = SignCheckpoint(size=size, root="00", note="n", key="k")
    life.execute(command)
    life.execute(command)

    assert life.head() == size + 1


def test_a_key_that_was_only_found_does_not_take_over(life: Life) -> None:
    life.sign()
    life.execute(renamed("N"))

    with pytest.raises(OtherKey, match="TALLYBOOK_SIGNING_KEY_FILE"):
        life.sign(OTHER)
    assert life.sign(Signer(OTHER.key, given=True))
    names = [one.key for one in log_keys(life.services.reader(LEDGER.ledger_id))]
    assert names == [str(key.key.public(origin_of(LEDGER))) for key in (OTHER, KEY)]


def test_one_ledger_that_is_refused_holds_up_no_other(life: Life) -> None:
    life.sign(OTHER)
    life.execute(renamed("N"))
    head = life.head()

    assert life.pass_time(2 * HOUR) == 1
    assert life.head() == head


def test_a_log_that_grew_extends_an_old_checkpoint(life: Life) -> None:
    life.sign()
    kept = life.last().note
    life.execute(renamed("N"))
    life.sign()

    found = witness(life.services, LEDGER, kept, None, lambda *_: None)

    assert found.extends
    assert found.document()["signed_by"] == str(KEY.key.public(origin_of(LEDGER)))


def test_to_forget_a_customer_changes_no_hash(life: Life) -> None:
    life.execute(CreateCustomer(customer="cus_1", personal=PersonalFields(name="Ada")))
    life.sign()
    kept = life.last().note
    life.execute(ForgetCustomer(customer="cus_1", reason="asked for"))
    mapper = life.services.application(LEDGER).mapper
    created = mapper.to_domain_event(life.recorder.select_stream("cus_1")[0]).event
    assert created.model_dump()["personal"] is None

    assert witness(life.services, LEDGER, kept, None, lambda *_: None).extends


def test_a_rewritten_and_signed_log_is_found_by_who_kept_a_checkpoint(
    life: Life, database: Database
) -> None:
    life.execute(renamed("Old"))
    life.sign()
    kept = life.last().note
    rewrite(database.owner_url, 1, "meter.renamed.v1", b"Old", b"New")
    life.execute(renamed("N"))
    life.sign(Signer(OTHER.key, given=True))

    found = witness(life.services, LEDGER, kept, None, lambda *_: None)

    assert not found.extends
    assert found.sentence == "events that were recorded before the checkpoint were changed since."


def test_a_log_that_was_cut_is_found(life: Life, database: Database) -> None:
    life.execute(renamed("N"))
    life.sign()
    kept = life.last()
    with psycopg.connect(database.owner_url) as conn:
        conn.execute(
            "DELETE FROM ledger.events WHERE ledger_id = 1 AND position >= %s", (kept.size,)
        )

    found = witness(life.services, LEDGER, kept.note, None, lambda *_: None)

    assert not found.extends
    assert found.root is None
    assert str(kept.size) in found.sentence


def test_a_note_that_is_not_of_this_ledger_or_not_as_signed_is_refused(life: Life) -> None:
    life.sign()
    size, note = life.last().size, life.last().note
    other = LedgerIdentity(2, "acct_test", livemode=True)
    stranger = str(OTHER.key.public(origin_of(LEDGER)))
    altered = note.replace(f"\n{size}\n", f"\n{size + 1}\n")

    with pytest.raises(InvalidRequest, match="this ledger is tallybook/acct_test/2"):
        witness(life.services, other, note, None, lambda *_: None)
    with pytest.raises(InvalidRequest, match="is not under this text"):
        witness(life.services, LEDGER, altered, None, lambda *_: None)
    with pytest.raises(InvalidRequest, match="None of the trusted keys"):
        witness(life.services, LEDGER, note, stranger, lambda *_: None)
    with pytest.raises(InvalidRequest, match="signed note"):
        witness(life.services, LEDGER, "hello", None, lambda *_: None)
