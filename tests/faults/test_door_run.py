"""A short door run; `python -m tests.faults --doors` is the long one."""

import sys

import pytest

from tests.faults.door_run import USAGE_PLACES, DoorSettings, door_run
from tests.faults.nemesis import Kills

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found under /proc")
KILLS = Kills(api=2, projector=1, scheduler=0, postmaster=1, places=1, at=USAGE_PLACES)


def test_what_eight_clients_send_through_every_door_counts_once() -> None:
    report = door_run(DoorSettings(seed=11, size=3_000, kills=KILLS))
    assert report.problems == [], "\n".join(report.lines())
    assert report.kills == report.planned
    assert report.recorded == 3_000


def test_a_ledger_that_forgets_usage_keys_is_found_out() -> None:
    none = Kills(0, 0, 0, 0, 0)
    report = door_run(DoorSettings(seed=12, size=3_000, kills=none, forgetful=True))
    found = "\n".join(report.problems)
    for what in ("records: recorded twice", "records: usage key of no record", "summaries: "):
        assert what in found
    assert list(report.lines())[-1] == "FAILED"
