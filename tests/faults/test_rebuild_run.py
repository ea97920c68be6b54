"""A short run of rebuilds that are killed; `python -m tests.faults --rebuilds` is the long one."""

import sys

import pytest

from tests.faults.rebuild_run import Moment, rebuild_run

MOMENTS = (
    Moment("rebuild", "after_commit.rebuild.page"),
    Moment("rebuild", "after_commit.rebuild.key", "meter_events"),
    Moment("rebuild", "before_commit.rebuild.switch"),
    Moment("switch", "before_commit.rebuild.switch"),
)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found under /proc")
def test_no_read_is_wrong_when_rebuilds_and_switches_are_killed() -> None:
    report = rebuild_run(5, MOMENTS)
    said = "\n".join(report.lines())
    assert report.problems == [], said
    assert len(report.killed) == len(MOMENTS), said
    assert report.books.recorded > 10, said
