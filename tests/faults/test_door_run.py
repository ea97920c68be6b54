"""A short door run; `python -m tests.faults --doors` is the long one."""

import sys

import pytest

from tests.faults.door_run import USAGE_PLACES, DoorSettings, door_run
from tests.faults.nemesis import Kills

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found under /proc")
KILLS = Kills(api=1, projector=1, scheduler=0, postmaster=1, places=1, at=USAGE_PLACES[1:])


def test_what_eight_clients_send_through_every_door_counts_once() -> None:
    settings = DoorSettings(
        seed=11, size=2_000, kills=KILLS, formulas=("sum", "unique_count"), ahead=0.3, seconds=200
    )
    report = door_run(settings)
    assert report.problems == [], "\n".join(report.lines())
    assert report.kills == report.planned
    assert report.recorded == 2_000


def test_a_ledger_that_forgets_usage_keys_is_found_out() -> None:
    none = Kills(0, 0, 0, 0, 0)
    settings = DoorSettings(
        seed=12, size=1_500, kills=none, formulas=("sum",), ahead=1, forgetful=True, seconds=200
    )
    report = door_run(settings)
    found = "\n".join(report.problems)
    for what in ("records: recorded twice", "records: usage key of no record", "summaries: "):
        assert what in found
    assert list(report.lines())[-1] == "FAILED"
