"""The doorbell between processes only shortens a wait."""

import threading
from contextlib import closing
from pathlib import Path

from projections.runtime.wake import Doorbell, Ringer


def test_a_ring_ends_the_wait(tmp_path: Path) -> None:
    bell = Doorbell(tmp_path / "bell")
    with closing(bell), closing(Ringer(tmp_path / "bell")) as ringer:
        threading.Timer(0.05, ringer.ring, [1]).start()
        assert bell.wait(10)
        assert not bell.wait(0)


def test_ringing_where_nobody_listens_is_harmless(tmp_path: Path) -> None:
    with closing(Ringer(tmp_path / "nobody")) as ringer:
        ringer.ring(1)


def test_a_restarted_follower_hears_the_same_ringer(tmp_path: Path) -> None:
    with closing(Ringer(tmp_path / "bell")) as ringer:
        Doorbell(tmp_path / "bell").close()
        with closing(Doorbell(tmp_path / "bell")) as bell:
            ringer.ring(1)
            assert bell.wait(1)


def test_a_follower_hears_once_which_ledgers_it_was_rung_for(tmp_path: Path) -> None:
    with (
        closing(Doorbell(tmp_path / "bell")) as bell,
        closing(Ringer(tmp_path / "bell")) as ringer,
    ):
        for ledger_id in (7, 0, 7, 2_147_483_647):
            ringer.ring(ledger_id)
        assert bell.wait(1)
        ringer.ring(3)
        assert bell.rung() == {0, 3, 7, 2_147_483_647}
        assert bell.rung() == set()


def test_word_of_news_ends_a_wait_but_not_that_for_a_ring(tmp_path: Path) -> None:
    with (
        closing(Doorbell(tmp_path / "bell")) as bell,
        closing(Ringer(tmp_path / "bell")) as ringer,
    ):
        ringer.tell(7)
        assert bell.wait(1)
        ringer.tell(8)
        assert not bell.wait_for_ring(0.02)
        assert bell.rung() == {7, 8}
        threading.Timer(0.05, ringer.ring, [9]).start()
        assert bell.wait_for_ring(10)
        assert bell.rung() == {9}
        assert not bell.wait_for_ring(0)
