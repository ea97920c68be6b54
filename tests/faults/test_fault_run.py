"""A short fault run; `python -m tests.faults` is the long one."""

import sys

import pytest

from tests.faults.fault_run import fault_run
from tests.faults.nemesis import Kills

KILLS = Kills(api=3, projector=1, scheduler=1, postmaster=1, places=1)
SEED = 7


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found under /proc")
def test_nothing_is_lost_or_doubled_when_processes_are_killed() -> None:
    report = fault_run(SEED, KILLS, days=2, needed=3)
    assert report.problems == [], "\n".join(report.lines())
    assert report.counts, "\n".join(report.lines())
    assert report.invoices >= 8
