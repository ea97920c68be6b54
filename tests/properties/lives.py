"""Lives of a small business, for the property tests: its meters and prices, and what happens."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from hypothesis import strategies as st

from ledger.kernel.periods import Interval
from ledger.meters.events import Formula, TimeWindow
from ledger.prices.definition import TermsRequest, TierRequest, define_terms
from ledger.prices.terms import PriceTerms, Recurring, TiersMode, TransformQuantity
from ledger.subscriptions.events import BillingMode

HOUR = 3_600
DAY = 24 * HOUR
STARTS = (1_706_702_400, 1_709_208_000, 1_700_092_799)  # 31 January, 29 February, 15 November


@dataclass(frozen=True)
class MeterAsked:
    formula: Formula
    window: TimeWindow | None


@dataclass(frozen=True)
class PriceAsked:
    """Amounts in cents as text. `meter` is a number that is taken modulo the number of meters."""

    unit_amount: str
    meter: int | None
    packages: tuple[int, Literal["up", "down"]] | None = None
    tiers_mode: TiersMode | None = None
    tiers: tuple[tuple[int | None, str, str], ...] = ()

    def terms(self, interval: Interval, count: int, meter: str | None) -> PriceTerms:
        """What the ledger is asked for."""
        usage_type = "licensed" if meter is None else "metered"
        divide_by, rounding = self.packages or (None, "up")
        return define_terms(
            TermsRequest(
                currency="usd",
                billing_scheme="tiered" if self.tiers_mode else "per_unit",
                unit_amount_decimal=None if self.tiers_mode else self.unit_amount,
                tiers_mode=self.tiers_mode,
                tiers=tuple(
                    TierRequest(
                        up_to=up_to or "inf", unit_amount_decimal=unit, flat_amount_decimal=flat
                    )
                    for up_to, unit, flat in self.tiers
                ),
                transform_quantity=None
                if divide_by is None
                else TransformQuantity(divide_by=divide_by, round=rounding),
                recurring=Recurring(
                    interval=interval, interval_count=count, usage_type=usage_type, meter=meter
                ),
            )
        )

    def for_reference(self, interval: str, count: int) -> dict[str, Any]:
        """The same in the words of the reference biller."""
        told: dict[str, Any] = {"interval": interval, "count": count}
        if self.tiers_mode:
            tiers = [{"up_to": u, "unit_amount": a, "flat_amount": f} for u, a, f in self.tiers]
            return told | {"tiers_mode": self.tiers_mode, "tiers": tiers}
        packages = self.packages
        parted = {"divide_by": packages[0], "round": packages[1]} if packages else {}
        return told | {"unit_amount": self.unit_amount} | parted


@dataclass(frozen=True)
class Subscribe:
    """Times are seconds from now on the clock; backdated into the past."""

    customer: int
    prices: tuple[int, ...]
    quantity: int
    billing_mode: BillingMode
    backdated: int
    anchor_in: int | None
    cancel_in: int | None


@dataclass(frozen=True)
class Use:
    """Meter events of (seconds ago, value), of which the first few are reported again."""

    customer: int
    meter: int
    events: tuple[tuple[int, str], ...]
    repeated: int


@dataclass(frozen=True)
class CancelUsage:
    which: int


@dataclass(frozen=True)
class Schedule:
    """A subscription is to end in so many seconds; None withdraws that."""

    which: int
    end_in: int | None


@dataclass(frozen=True)
class Cancel:
    which: int
    invoice_now: bool


@dataclass(frozen=True)
class Advance:
    seconds: int


Step = Subscribe | Use | CancelUsage | Schedule | Cancel | Advance


@dataclass(frozen=True)
class Life:
    start: int
    interval: Interval
    interval_count: int
    meters: tuple[MeterAsked, ...]
    prices: tuple[PriceAsked, ...]
    steps: tuple[Step, ...]


_amounts = st.decimals(min_value=0, max_value=5_000, places=3).map(str)
_number = st.integers(0, 7)
_customer = st.integers(0, 1)

_meters = st.builds(
    MeterAsked, st.sampled_from(get_args(Formula)), st.sampled_from([None, "hour", "day"])
)
_packages = st.tuples(st.sampled_from([7, 100, 1000]), st.sampled_from(["up", "down"]))


@st.composite
def _tiers(draw: st.DrawFn) -> tuple[tuple[int | None, str, str], ...]:
    bounds = sorted(draw(st.sets(st.integers(1, 2_000), max_size=3)))
    return tuple((bound, draw(_amounts), draw(_amounts)) for bound in (*bounds, None))


_prices = st.one_of(
    st.builds(PriceAsked, _amounts, st.none() | _number),
    st.builds(PriceAsked, _amounts, _number, _packages),
    st.builds(
        PriceAsked,
        st.just("0"),
        _number,
        st.none(),
        st.sampled_from(["graduated", "volume"]),
        _tiers(),
    ),
)

_ahead = st.sampled_from([HOUR, DAY, 5 * DAY, 7 * DAY, 20 * DAY, 29 * DAY, 31 * DAY, 45 * DAY])
_values = st.one_of(
    st.integers(0, 3_000).map(str), st.decimals(min_value=-50, max_value=500, places=3).map(str)
)
_subscribe = st.builds(
    Subscribe,
    _customer,
    st.lists(_number, min_size=1, max_size=3).map(tuple),
    st.integers(0, 5),
    st.sampled_from(["flexible", "classic"]),
    st.sampled_from([0, 0, 0, DAY, 10 * DAY, 34 * DAY, 70 * DAY]),
    st.none() | st.none() | _ahead,
    st.none() | st.none() | _ahead,
)
_use = st.builds(
    Use,
    _customer,
    _number,
    st.lists(
        st.tuples(st.integers(-300, 34 * DAY) | st.integers(0, DAY), _values),
        min_size=1,
        max_size=6,
    ).map(tuple),
    st.integers(0, 2),
)
_steps = st.one_of(
    _subscribe,
    _use,
    st.builds(Advance, st.sampled_from([1_800, HOUR]) | _ahead),
    st.builds(CancelUsage, _number),
    st.builds(Schedule, _number, st.none() | _ahead),
    st.builds(Cancel, _number, st.booleans()),
)
_busy = st.one_of(_steps, st.builds(Advance, _ahead))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A life of up to 14 steps that begins with a subscription and usage."""
    beginning = (draw(_subscribe), draw(_use))
    rest = draw(st.lists(_busy, max_size=12))
    return Life(
        start=draw(st.sampled_from(STARTS)),
        interval=draw(st.sampled_from(["month", "month", "week", "day", "year"])),
        interval_count=draw(st.sampled_from([1, 1, 2])),
        meters=tuple(draw(st.lists(_meters, min_size=1, max_size=2))),
        prices=tuple(draw(st.lists(_prices, min_size=1, max_size=3))),
        steps=(*beginning, *rest),
    )
