"""Commands that are executed together lead to what they lead to one after the other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from eventsourcing.persistence import Notification, StoredEvent

from ledger.application import LedgerApplication, Outcome
from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.errors import InvalidRequest, Unavailable
from ledger.kernel.events import DomainEvent
from ledger.store.catalogue import EventCatalogue
from ledger.store.datastore import Datastore
from ledger.store.recorder import LedgerRecorder
from ledger.store.work import Work

CIRCUMSTANCES = Circumstances(datetime(2026, 11, 21, tzinfo=UTC), "system:test", "c")


class Added(DomainEvent):
    TOPIC: ClassVar[str] = "test.added.v1"

    amount: int


class Move(Command):
    """Add what one stream amounts to, and one more, to another."""

    source: str
    to: str


class Ask(Command):
    """Add what is answered to a question."""

    to: str
    question: str


def total(state: int | None, event: DomainEvent) -> int:
    assert isinstance(event, Added)
    return (state or 0) + event.amount


def move(work: Work, command: Move) -> None:
    amount = (work.load(total, command.source) or 0) + 1
    if amount > 99:
        raise InvalidRequest("That is too much.")
    work.append(command.to, Added(amount=amount))


@dataclass(frozen=True)
class Question:
    text: str
    kind = "question"


class Answering:
    """Answers with the length of what is asked, and notes how it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def ask(self, work: Work, command: Ask) -> None:
        head = work.head()
        answer = work.ask(Question(command.question), self._answer_all)
        assert work.head() == head
        work.append(command.to, Added(amount=answer))

    def _answer_all(self, questions: Sequence[Question]) -> list[int]:
        texts = [question.text for question in questions]
        self.asked.append(texts)
        if "nobody knows" in texts:
            raise ZeroDivisionError
        if "not now" in texts:
            raise Unavailable("Try again.")
        return [len(text) for text in texts]


class CountingRecorder(LedgerRecorder):
    """Notes what is read and appended."""

    def __init__(self, datastore: Datastore, ledger_id: int) -> None:
        super().__init__(datastore, ledger_id)
        self.reads: list[Collection[str]] = []
        self.appends: list[int] = []

    def select_streams(self, versions: Mapping[str, int]) -> list[Notification]:
        self.reads.append(list(versions))
        return super().select_streams(versions)

    def append(self, stored_events: Sequence[StoredEvent], **options: Any) -> Any:
        self.appends.append(len(stored_events))
        return super().append(stored_events, **options)


@pytest.fixture
def answering() -> Answering:
    return Answering()


@pytest.fixture
def counting(datastore: Datastore, recorder: LedgerRecorder) -> CountingRecorder:
    return CountingRecorder(datastore, recorder.ledger_id)


@pytest.fixture
def ledger(
    datastore: Datastore,
    counting: CountingRecorder,
    answering: Answering,
    monkeypatch: pytest.MonkeyPatch,
) -> LedgerApplication:
    monkeypatch.setattr(
        "ledger.store.event_sourcing.LedgerRecorder", lambda _datastore, _ledger_id: counting
    )
    identity = LedgerIdentity(counting.ledger_id, "acct_test", False)
    handlers = {Move: move, Ask: answering.ask}
    return LedgerApplication(datastore, identity, EventCatalogue([Added]), handlers)


def together(ledger: LedgerApplication, *commands: Command) -> list[Outcome | Exception]:
    return ledger.execute_together([(command, CIRCUMSTANCES) for command in commands])


def amounts(outcomes: Sequence[Outcome | Exception]) -> list[Any]:
    """What was added, or the kind of the refusal."""
    return [
        [recorded.event.model_dump()["amount"] for recorded in outcome.events]
        if isinstance(outcome, Outcome)
        else type(outcome)
        for outcome in outcomes
    ]


def test_what_has_nothing_in_common_is_read_and_appended_at_once(
    ledger: LedgerApplication, counting: CountingRecorder
) -> None:
    moves = [Move(source=f"from_{n}", to=f"to_{n}") for n in range(20)]
    outcomes = together(ledger, *moves)
    assert amounts(outcomes) == [[1]] * 20
    assert counting.appends == [20]
    assert [len(read) for read in counting.reads] == [20, 20]
    positions = [outcome.position for outcome in outcomes if isinstance(outcome, Outcome)]
    assert positions == list(range(1, 21))


def test_one_that_rests_on_another_sees_what_that_one_did(ledger: LedgerApplication) -> None:
    moves = [Move(source="a", to="b"), Move(source="b", to="c"), Move(source="c", to="a")]
    assert amounts(together(ledger, *moves, *moves)) == [[1], [2], [3], [4], [6], [9]]


def test_one_that_is_refused_holds_up_no_other(ledger: LedgerApplication) -> None:
    ledger.execute(Ask(to="full", question="x" * 99), CIRCUMSTANCES)
    moves = [Move(source="a", to="b"), Move(source="full", to="c"), Move(source="d", to="e")]
    assert amounts(together(ledger, *moves)) == [[1], InvalidRequest, [1]]


def test_a_refusal_is_of_what_stands_after_those_before(ledger: LedgerApplication) -> None:
    ledger.execute(Ask(to="nearly", question="x" * 98), CIRCUMSTANCES)
    moves = [Move(source="a", to="nearly"), Move(source="nearly", to="b")]
    assert amounts(together(ledger, *moves)) == [[1], InvalidRequest]


def test_one_that_others_overtook_is_decided_again_alone(
    ledger: LedgerApplication, counting: CountingRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = counting.append
    elsewhere = [Move(source="elsewhere", to="a")]

    def overtaken(stored_events: Sequence[StoredEvent], **options: Any) -> Any:
        while elsewhere:
            ledger.execute(elsewhere.pop(), CIRCUMSTANCES)
        return append(stored_events, **options)

    monkeypatch.setattr(counting, "append", overtaken)
    moves = [Move(source="a", to="b"), Move(source="c", to="d"), Move(source="e", to="a")]
    assert amounts(together(ledger, *moves)) == [[2], [1], [1]]
    assert counting.appends[1:3] == [3, 1]


def test_questions_of_one_kind_are_answered_together(
    ledger: LedgerApplication, answering: Answering
) -> None:
    asks = [Ask(to=f"to_{n}", question="x" * n) for n in range(1, 4)]
    assert amounts(together(ledger, *asks)) == [[1], [2], [3]]
    assert answering.asked == [["x", "xx", "xxx"]]


def test_a_question_that_cannot_be_answered_holds_up_no_other(
    ledger: LedgerApplication, answering: Answering
) -> None:
    asks = [Ask(to="a", question="x"), Ask(to="b", question="nobody knows")]
    outcomes = together(ledger, *asks, Move(source="c", to="d"))
    assert amounts(outcomes) == [[1], ZeroDivisionError, [1]]
    assert answering.asked[1:] == [["x"], ["nobody knows"]]


def test_what_is_unavailable_is_so_for_all_who_ask(ledger: LedgerApplication) -> None:
    asks = [Ask(to="a", question="x"), Ask(to="b", question="not now")]
    outcomes = together(ledger, *asks, Move(source="c", to="d"))
    assert amounts(outcomes) == [Unavailable, Unavailable, [1]]


def test_a_stream_that_is_remembered_is_read_from_there_on(
    ledger: LedgerApplication, datastore: Datastore
) -> None:
    elsewhere = LedgerApplication(datastore, ledger.identity, EventCatalogue([Added]), {Move: move})
    moving = Move(source="a", to="a")
    assert amounts([ledger.execute(moving, CIRCUMSTANCES)]) == [[1]]
    assert amounts([elsewhere.execute(moving, CIRCUMSTANCES)]) == [[2]]
    assert amounts([ledger.execute(moving, CIRCUMSTANCES)]) == [[4]]
