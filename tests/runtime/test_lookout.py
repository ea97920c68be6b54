"""The projector finds every ledger that moved, rung for or not, and asks little while none does."""

import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services import Services
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.meters.commands import CreateMeter
from projections.runtime import lookout as looking
from projections.runtime.checkpoints import Checkpoints, Standing
from projections.runtime.follower import follow
from projections.runtime.leases import Lease
from projections.runtime.lookout import Lookout
from tests.runtime.conftest import LEDGER, Execute

NOW = system_now()

A_MINUTE = 61.0
Clock = list[float]


@dataclass
class RememberedCheckpoints:
    """Heads and positions of one projection in memory, and what was asked."""

    heads: dict[int, int] = field(default_factory=dict[int, int])
    positions: dict[int, int] = field(default_factory=dict[int, int])
    stopped: set[int] = field(default_factory=set[int])
    asked: list[str] = field(default_factory=list[str])

    def standing(self, ledgers: Collection[int] | None = None) -> list[Standing]:
        self.asked.append("all" if ledgers is None else f"{len(ledgers)}")
        chosen = self.heads if ledgers is None else [n for n in ledgers if n in self.heads]
        return [Standing(n, self.heads[n], self.behind(n)) for n in chosen]

    def sum_of_heads(self, *, without: Collection[int]) -> int:
        self.asked.append("sum")
        return sum(head for n, head in self.heads.items() if n not in without)

    def heads_beyond(self, known: Mapping[int, int]) -> list[int]:
        self.asked.append("beyond")
        return [n for n, head in self.heads.items() if head > known.get(n, 0)]

    def behind(self, ledger_id: int) -> bool:
        stands = self.positions.get(ledger_id, 0)
        return ledger_id not in self.stopped and stands < self.heads[ledger_id]

    def append(self, ledger_id: int) -> None:
        self.heads[ledger_id] = self.heads.get(ledger_id, 0) + 1

    def catch_up(self, ledgers: Collection[int]) -> None:
        for ledger_id in ledgers:
            self.positions[ledger_id] = self.heads[ledger_id]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still until it is set."""
    now = [1_000.0]
    monkeypatch.setattr(looking, "monotonic", lambda: now[0])
    return now


def lookout_over(checkpoints: RememberedCheckpoints) -> Lookout:
    return Lookout(cast("Checkpoints", checkpoints))


def caught_up(ledgers: int) -> tuple[RememberedCheckpoints, Lookout]:
    checkpoints = RememberedCheckpoints()
    for ledger_id in range(ledgers):
        checkpoints.append(ledger_id)
    lookout = lookout_over(checkpoints)
    checkpoints.catch_up(lookout.moved())
    return checkpoints, lookout


def test_while_nothing_moves_one_query_is_asked_however_many_ledgers(clock: Clock) -> None:
    checkpoints, lookout = caught_up(10_000)
    clock[0] += 10
    lookout.moved()  # those that moved last are looked at once more
    checkpoints.asked.clear()
    for _ in range(5):
        clock[0] += 1
        assert lookout.moved() == []
    assert checkpoints.asked == ["sum"] * 5


def test_a_ledger_that_was_rung_for_is_found_at_once_and_alone(clock: Clock) -> None:
    checkpoints, lookout = caught_up(1_000)
    clock[0] += 10
    lookout.moved()
    lookout._sum_at = clock[0] + 1  # pyright: ignore[reportPrivateUsage]
    checkpoints.append(7)
    checkpoints.append(8)
    checkpoints.asked.clear()
    assert lookout.moved({7}) == [7]
    assert checkpoints.asked == ["1"]
    clock[0] += 1
    assert set(lookout.moved()) == {7, 8}


def test_a_ledger_that_moved_lately_is_compared_at_every_look(clock: Clock) -> None:
    checkpoints, lookout = caught_up(10)
    clock[0] += 10
    lookout.moved()
    lookout._sum_at = clock[0] + 100  # pyright: ignore[reportPrivateUsage]
    checkpoints.append(3)
    checkpoints.catch_up(lookout.moved({3}))
    for _ in range(3):
        clock[0] += 4
        checkpoints.append(3)
        assert lookout.moved() == [3]
        checkpoints.catch_up([3])
    clock[0] += 6
    checkpoints.append(3)
    assert lookout.moved() == []


def test_more_ledgers_than_are_kept_near_are_all_found(clock: Clock) -> None:
    checkpoints, lookout = caught_up(2_000)
    for _ in range(3):
        clock[0] += 1
        for ledger_id in range(2_000):
            checkpoints.append(ledger_id)
        assert len(lookout.moved(range(1_000))) == 2_000
        checkpoints.catch_up(range(500))
        clock[0] += 1
        assert sorted(lookout.moved()) == list(range(500, 2_000))
        checkpoints.catch_up(range(2_000))
    assert len(lookout._near) <= 256  # pyright: ignore[reportPrivateUsage]


def test_what_another_process_set_going_again_is_found_within_a_minute(clock: Clock) -> None:
    checkpoints, lookout = caught_up(600)
    checkpoints.stopped = set(range(600))
    for ledger_id in range(600):
        checkpoints.append(ledger_id)
    clock[0] += 1
    assert lookout.moved() == []
    checkpoints.stopped = set()
    clock[0] += A_MINUTE
    assert len(lookout.moved()) == 600
    clock[0] += 1
    assert len(lookout.moved()) == 600  # still behind, and not forgotten


@given(st.data())
def test_nothing_that_is_behind_stays_unseen(data: st.DataObject) -> None:
    now = [1_000.0]
    checkpoints = RememberedCheckpoints()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looking, "monotonic", lambda: now[0])
        patch.setattr(looking, "_MOST_NEAR", 2)
        lookout = lookout_over(checkpoints)
        ledgers = st.integers(0, 5)
        for _ in range(data.draw(st.integers(1, 30))):
            match data.draw(st.sampled_from(["append", "look", "stop", "resume", "wait"])):
                case "append":
                    checkpoints.append(data.draw(ledgers))
                case "look":
                    moved = lookout.moved(data.draw(st.sets(ledgers)))
                    assert all(checkpoints.behind(n) for n in moved)
                    checkpoints.catch_up(
                        data.draw(st.sets(st.sampled_from(moved or [0]))) & set(moved)
                    )
                case "stop":
                    checkpoints.stopped.add(data.draw(ledgers))
                case "resume":
                    checkpoints.stopped.clear()
                case _:
                    now[0] += data.draw(st.sampled_from([0.001, 1.0, 20.0]))
        now[0] += A_MINUTE
        assert set(lookout.moved()) == {n for n in checkpoints.heads if checkpoints.behind(n)}


def test_heads_and_checkpoints_are_compared_in_sql(services: Services, execute: Execute) -> None:
    checkpoints = services.projector.checkpoints
    head = execute(meter("mtr_1"))
    other = services.application(LedgerIdentity(2, "acct_other", livemode=False))
    other.execute(meter("mtr_2"), Circumstances(NOW, "system:test", "test"))
    assert checkpoints.standing([2]) == [Standing(2, other.recorder.head()[0], behind=True)]
    services.projector.step([1])
    assert {s.ledger_id: s.behind for s in checkpoints.standing()} == {1: False, 2: True}
    assert checkpoints.moved_ledgers() == [2]
    assert checkpoints.heads_beyond({1: head}) == [2]
    assert checkpoints.heads_beyond({1: head - 1, 2: 1_000}) == [1]
    assert checkpoints.sum_of_heads(without=[2]) == head
    assert checkpoints.sum_of_heads(without=[1, 2]) == 0
    name = checkpoints.names[0]
    checkpoints.stop(2, name, 1, "it cannot be read")
    for others in checkpoints.names[1:]:
        checkpoints.stop(2, others, 1, "nor can this")
    assert checkpoints.moved_ledgers() == []
    checkpoints.resume_all()
    assert checkpoints.moved_ledgers() == [2]


def test_a_checkpoint_held_by_a_rebuild_is_waited_for(services: Services, execute: Execute) -> None:
    execute(meter("mtr_1"))
    services.projector.catch_up()
    lookout = Lookout(services.projector.checkpoints)
    lookout.moved()
    execute(meter("mtr_2"))
    with services.datastore.transaction(commit=True) as held:
        held.execute("SELECT 1 FROM projections.checkpoints FOR UPDATE")
        for _ in range(3):
            assert lookout.moved() == [LEDGER.ledger_id]
            assert services.projector.step([LEDGER.ledger_id]) == 0
    assert services.projector.step(lookout.moved()) > 0
    assert lookout.moved() == []


class Silence:
    """A bell that nobody rings."""

    def wait(self, seconds: float) -> bool:
        time.sleep(seconds)
        return False

    wait_for_ring = wait

    def rung(self) -> set[int]:
        return set()


def test_a_follower_that_hears_nothing_keeps_up_by_polling(
    services: Services, execute: Execute
) -> None:
    stopping = threading.Event()
    lease = Lease(services.datastore, "projector", "test")
    thread = threading.Thread(
        target=follow, args=(services.projector, lease, stopping, Silence()), daemon=True
    )
    thread.start()
    try:
        for number in range(2):
            execute(meter(f"mtr_{number}"))
            new = services.application(LedgerIdentity(5 + number, "acct_new", livemode=False))
            new.execute(meter("mtr_new"), Circumstances(NOW, "system:test", "test"))
            deadline = time.monotonic() + 10
            while services.projector.checkpoints.lag() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert services.projector.checkpoints.lag() == 0
    finally:
        stopping.set()
        thread.join(10)
    assert not thread.is_alive()


def meter(meter_id: str) -> CreateMeter:
    return CreateMeter(meter=meter_id, display_name="M", event_name=meter_id, formula="sum")
