"""What a command sees of the log while it is decided."""

from datetime import UTC, datetime
from typing import ClassVar

import pytest

from ledger.application import LedgerApplication
from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.errors import Conflict
from ledger.kernel.events import DomainEvent
from ledger.store.catalogue import EventCatalogue
from ledger.store.datastore import Datastore
from ledger.store.recorder import LedgerRecorder
from ledger.store.work import Work

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CIRCUMSTANCES = Circumstances(now=NOW, actor="system:test", correlation_id="c")


class Counted(DomainEvent):
    TOPIC: ClassVar[str] = "test.counted.v1"

    by: int


class Count(Command):
    stream: str


def total(state: int | None, event: DomainEvent) -> int:
    assert isinstance(event, Counted)
    return (state or 0) + event.by


def count(work: Work, command: Count) -> None:
    """Adds what stands already, at least one: 1, 1, 2, 4, …"""
    work.append(command.stream, Counted(by=work.load(total, command.stream) or 1))


@pytest.fixture
def ledger(datastore: Datastore, recorder: LedgerRecorder) -> LedgerApplication:
    identity = LedgerIdentity(recorder.ledger_id, "acct_test", False)
    return LedgerApplication(datastore, identity, EventCatalogue([Counted]), {Count: count})


def test_the_version_of_a_stream_counts_what_is_appended_and_is_held_to(
    ledger: LedgerApplication,
) -> None:
    work = Work(ledger.identity, CIRCUMSTANCES, ledger.recorder, ledger.mapper)
    assert work.version("s") == 0
    ledger.execute(Count(stream="s"), CIRCUMSTANCES)
    assert (work.version("s"), work.read_versions) == (0, {"s": 0})
    work.append("s", Counted(by=1))
    assert work.version("s") == 1
    later = Work(ledger.identity, CIRCUMSTANCES, ledger.recorder, ledger.mapper)
    assert later.version("s") == 1


def test_a_stream_looks_the_same_however_often_it_is_loaded(ledger: LedgerApplication) -> None:
    ledger.execute(Count(stream="s"), CIRCUMSTANCES)
    work = Work(ledger.identity, CIRCUMSTANCES, ledger.recorder, ledger.mapper)
    assert work.load(total, "s") == 1
    ledger.execute(Count(stream="s"), CIRCUMSTANCES)
    assert work.load(total, "s") == 1
    assert work.read_versions == {"s": 1}


def test_a_stream_that_was_appended_to_first_is_loaded_as_it_was_then(
    ledger: LedgerApplication,
) -> None:
    work = Work(ledger.identity, CIRCUMSTANCES, ledger.recorder, ledger.mapper)
    work.append("s", Counted(by=5))
    ledger.execute(Count(stream="s"), CIRCUMSTANCES)
    assert work.load(total, "s") == 5
    assert work.read_versions == {"s": 0}


def test_a_command_sees_what_it_has_appended_itself(ledger: LedgerApplication) -> None:
    work = Work(ledger.identity, CIRCUMSTANCES, ledger.recorder, ledger.mapper)
    work.append("s", Counted(by=5), Counted(by=6))
    assert work.load(total, "s") == 11
    work.append("s", Counted(by=1))
    assert [(e.originator_id, e.originator_version) for e in work.pending] == [
        ("s", 1),
        ("s", 2),
        ("s", 3),
    ]


def test_a_decision_that_another_overtook_is_made_again(ledger: LedgerApplication) -> None:
    overtaken = 0

    def overtake(work: Work, command: Count) -> None:
        nonlocal overtaken
        count(work, command)
        if overtaken < 2:
            overtaken += 1
            ledger.execute(command, CIRCUMSTANCES)

    slow = LedgerApplication(
        ledger.recorder.datastore, ledger.identity, EventCatalogue([Counted]), {Count: overtake}
    )
    outcome = slow.execute(Count(stream="s"), CIRCUMSTANCES)
    assert (overtaken, outcome.position) == (2, 3)
    [recorded] = outcome.events
    assert recorded.event == Counted(by=2)
    assert recorded.metadata.recorded_at == NOW


def test_a_command_that_others_always_overtake_is_told_to_come_again(
    ledger: LedgerApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.application._PAUSE_SECONDS", 0)

    def overtake(work: Work, command: Count) -> None:
        count(work, command)
        ledger.execute(command, CIRCUMSTANCES)

    slow = LedgerApplication(
        ledger.recorder.datastore, ledger.identity, EventCatalogue([Counted]), {Count: overtake}
    )
    with pytest.raises(Conflict) as refused:
        slow.execute(Count(stream="s"), CIRCUMSTANCES)
    assert refused.value.code == "lock_timeout"
