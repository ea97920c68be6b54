"""Between two other commands, how usage is cut into reports and ordered makes no difference."""

import itertools
import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.clock import from_epoch
from ledger.kernel.ids import new_id
from ledger.meters.events import Formula
from tests.properties.ledger_in_process import (
    BESIDE_A_POOL,
    LedgerInProcess,
    fewer_examples,
    usage,
)

pytestmark = BESIDE_A_POOL

NOW = 1_705_320_000  # 15 January 2024, 12:00
DAY = 86_400


class Use(NamedTuple):
    """A meter event: seconds before now, and its value."""

    ago: int
    value: str


VALUES = st.decimals(
    min_value=-(10**9), max_value=10**9, places=4, allow_nan=False, allow_infinity=False
).map(str)
USES = st.lists(
    st.builds(Use, st.integers(0, 30 * DAY), VALUES),
    min_size=1,
    max_size=25,
    unique_by=lambda use: use.ago,
)


def batches(uses: Sequence[Use], seed: int) -> list[list[int]]:
    """The numbers of all events, some of them repeated, in any order and cut anywhere."""
    chance = random.Random(seed)
    numbers = list(range(len(uses)))
    numbers += chance.choices(numbers, k=chance.randrange(4))
    chance.shuffle(numbers)
    cuts = sorted(chance.randrange(len(numbers) + 1) for _ in range(chance.randrange(6)))
    edges = [0, *cuts, len(numbers)]
    return [numbers[a:b] for a, b in itertools.pairwise(edges) if a < b]


@pytest.mark.parametrize("formula", get_args(Formula))
@fewer_examples(5)
@given(uses=USES, seeds=st.lists(st.integers(0, 2**32), min_size=2, max_size=2, unique=True))
def test_any_splitting_repetition_and_order_gives_the_same(
    ledger: LedgerInProcess, formula: Formula, uses: list[Use], seeds: list[int]
) -> None:
    name = new_id("use")
    meter = ledger.create_meter(name, formula)
    clock = ledger.create_clock(NOW)
    customers = [ledger.create_customer(clock) for _ in seeds]
    for customer, seed in zip(customers, seeds, strict=True):
        for batch in batches(uses, seed):
            reports = [
                usage(name, f"{customer}-{n}", customer, NOW - uses[n].ago, uses[n].value)
                for n in batch
            ]
            assert set(ledger.record(reports)) <= {"accepted", "duplicate"}
    midnight = from_epoch(NOW // DAY * DAY)
    window = (midnight - timedelta(days=31), midnight + timedelta(days=1))
    for grouping in (None, "hour", "day"):
        one, other = (ledger.summaries(meter, c, *window, grouping) for c in customers)
        assert one == other
    [(_, _, total)] = ledger.summaries(meter, customers[0], *window)
    assert total == _expected(formula, uses)


def _expected(formula: Formula, uses: list[Use]) -> Decimal:
    values = [Decimal(use.value) for use in uses]
    match formula:
        case "count":
            return Decimal(len(uses))
        case "sum":
            return sum(values, Decimal(0))
        case "last":
            return Decimal(min(uses).value)
        case "max":
            return max(values)
        case "min":
            return min(values)
        case "average":
            mean = sum(Fraction(value) for value in values) / len(values)
            units = int(abs(mean) * 10**12 + Fraction(1, 2))
            return Decimal(units if mean > 0 else -units).scaleb(-12)
        case "unique_count":
            return Decimal(len({use.value for use in uses}))
