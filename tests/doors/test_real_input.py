"""A sample of real usage through every door; `python -m tests.doors` takes whole traces."""

import gzip
from pathlib import Path

from ledger.kernel.ids import new_id
from tests.doors.every_door import EVERY_DOOR
from tests.doors.real_input import RealInput, Totals
from tests.support.served import Served

SAMPLE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,4808,10
2023-11-16 18:17:04.0319600,3180,8
2023-11-16 18:17:04.0319600,110,27
2023-11-16 18:59:59.9999999,0,1
2023-11-16 19:00:00.0000000,7433,14
2023-11-16 19:14:08.4025270,197,183
"""
TOTALS = Totals(6, 15_728, 243)


def test_the_same_usage_has_the_same_totals_through_every_door(
    served: Served, tmp_path: Path
) -> None:
    trace = tmp_path / "sample.csv.gz"
    trace.write_bytes(gzip.compress(SAMPLE.encode()))
    real = RealInput(served, tmp_path, new_id("sample"), lambda _: TOTALS)
    found = list(real.through([trace]))
    assert [one.door for one in found] == list(EVERY_DOOR)
    assert [one for one in found if not one.equal] == []


def test_a_total_that_differs_is_seen(served: Served, tmp_path: Path) -> None:
    trace = tmp_path / "sample.csv.gz"
    trace.write_bytes(gzip.compress(SAMPLE.encode()))
    other = TOTALS._replace(output=244)
    found = next(RealInput(served, tmp_path, new_id("s"), lambda _: other).through([trace]))
    assert not found.equal
