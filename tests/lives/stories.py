"""Random lives of small businesses: what they sell, and what happens to their customers."""

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

DAY = 86_400
STARTS = (1_706_702_400, 1_709_208_000, 1_700_092_799)
"""31 January 2024, 29 February 2024 at noon, and the last second of 15 November 2023."""

METERS = 2
CUSTOMERS = 2

Interval = Literal["day", "week", "month", "year"]
Policy = Literal["next_invoice", "immediate", "report_only"]
Behavior = Literal["create_prorations", "none", "always_invoice"]


@dataclass(frozen=True)
class PriceAsked:
    """Amounts in minor units as text. `meter` is the number of one, None where it is licensed."""

    meter: int | None
    rhythm: int
    unit_amount: str
    packages: tuple[int, Literal["up", "down"]] | None
    tiers_mode: Literal["graduated", "volume"] | None
    tiers: tuple[tuple[int | None, str, str], ...]
    included: str | None
    percent: tuple[str, Literal["quantity", "amount"]] | None
    limits: tuple[int | None, int | None]


@dataclass(frozen=True)
class CouponAsked:
    percent: str | None
    amount: int
    duration: Literal["once", "repeating", "forever"]
    months: int


@dataclass(frozen=True)
class Subscribe:
    customer: int
    prices: tuple[int, ...]
    quantity: int
    mode: Literal["flexible", "classic"]
    backdated: int
    anchor_in: int | None
    trial_days: int
    coupons: tuple[int, ...]
    tax_rates: tuple[int, ...]


@dataclass(frozen=True)
class Use:
    """Meter events of (seconds ago, value)."""

    customer: int
    meter: int
    events: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Change:
    """Of the customer's subscription: add a price, remove an item, or give it another price or
    quantity."""

    customer: int
    kind: Literal["add", "remove", "price", "quantity"]
    item: int
    price: int
    quantity: int
    behavior: Behavior


@dataclass(frozen=True)
class Cancel:
    customer: int
    kind: Literal["now", "period_end", "go_on"]
    invoice_now: bool
    prorate: bool


@dataclass(frozen=True)
class AddItem:
    customer: int
    amount: int


@dataclass(frozen=True)
class Credit:
    """A percentage of an invoice, or of one of its lines; `invoice` counts from the last one."""

    customer: int
    invoice: int
    line: int | None
    percent: int


@dataclass(frozen=True)
class Advance:
    seconds: int


Step = Subscribe | Use | Change | Cancel | AddItem | Credit | Advance


@dataclass(frozen=True)
class Life:
    start: int
    currency: str
    rhythms: tuple[tuple[Interval, int], tuple[Interval, int]]
    prices: tuple[PriceAsked, ...]
    coupons: tuple[CouponAsked, ...]
    tax_rates: tuple[tuple[str, bool], ...]
    balances: tuple[int, ...]
    policy: Policy
    steps: tuple[Step, ...]


_amount = st.one_of(
    st.integers(0, 5_000).map(str), st.decimals(min_value=0, max_value=900, places=4).map(str)
)
_number = st.integers(0, 7)
_who = st.integers(0, CUSTOMERS - 1)
_maybe = st.one_of(st.none(), st.none(), st.integers(0, 9_000))
_percent = st.sampled_from(["0.5", "2.9", "7", "12.345", "100"])


@st.composite
def _tiers(draw: st.DrawFn) -> tuple[tuple[int | None, str, str], ...]:
    bounds = sorted(draw(st.sets(st.integers(1, 2_000), max_size=3)))
    return tuple((bound, draw(_amount), draw(_amount)) for bound in (*bounds, None))


@st.composite
def _price(draw: st.DrawFn) -> PriceAsked:
    model = draw(st.sampled_from(["unit", "unit", "package", "graduated", "volume"]))
    low, high = draw(_maybe), draw(_maybe)
    if low is not None and high is not None and low > high:
        low, high = high, low
    tiered = model in ("graduated", "volume")
    packages = (draw(st.sampled_from([7, 100])), draw(st.sampled_from(["up", "down"])))
    return PriceAsked(
        meter=draw(st.sampled_from([None, 0, 1])),
        rhythm=draw(st.sampled_from([0, 0, 0, 1])),
        unit_amount=draw(_amount),
        packages=packages if model == "package" else None,  # type: ignore[arg-type]
        tiers_mode=model if tiered else None,  # type: ignore[arg-type]
        tiers=draw(_tiers()) if tiered else (),
        included=draw(st.sampled_from([None, None, None, "10", "99.5"])),
        percent=draw(
            st.none() | st.none() | st.tuples(_percent, st.sampled_from(["quantity", "amount"]))  # type: ignore[arg-type]
        ),
        limits=(low, high),
    )


_coupon = st.builds(
    CouponAsked,
    st.none() | _percent,
    st.integers(1, 4_000),
    st.sampled_from(["once", "repeating", "forever"]),
    st.integers(1, 3),
)
_tax_rate = st.tuples(st.sampled_from(["0", "5", "7.7", "19", "21.25"]), st.booleans())
_ahead = st.sampled_from([3_600, DAY, 5 * DAY, 7 * DAY, 20 * DAY, 29 * DAY, 31 * DAY, 45 * DAY])
_value = st.one_of(
    st.integers(0, 3_000).map(str), st.decimals(min_value=-50, max_value=500, places=3).map(str)
)
_subscribe = st.builds(
    Subscribe,
    _who,
    st.lists(_number, min_size=1, max_size=3).map(tuple),
    st.integers(0, 5),
    st.sampled_from(["flexible", "flexible", "classic"]),
    st.sampled_from([0, 0, 0, DAY, 10 * DAY, 34 * DAY, 70 * DAY]),
    st.none() | st.none() | _ahead,
    st.sampled_from([0, 0, 0, 7, 30]),
    st.lists(st.integers(0, 2), max_size=2, unique=True).map(tuple),
    st.lists(st.integers(0, 2), max_size=2, unique=True).map(tuple),
)
_use = st.builds(
    Use,
    _who,
    st.integers(0, METERS - 1),
    st.lists(
        st.tuples(st.integers(0, 34 * DAY) | st.integers(0, DAY), _value), min_size=1, max_size=5
    ).map(tuple),
)
_behavior = st.sampled_from(["create_prorations", "create_prorations", "none", "always_invoice"])
_change = st.builds(
    Change,
    _who,
    st.sampled_from(["add", "remove", "price", "quantity"]),
    _number,
    _number,
    st.integers(0, 5),
    _behavior,
)
_cancel = st.builds(
    Cancel,
    _who,
    st.sampled_from(["now", "period_end", "period_end", "go_on"]),
    st.booleans(),
    st.booleans(),
)
_step = st.one_of(
    _subscribe,
    _use,
    _change,
    _change,
    _cancel,
    st.builds(AddItem, _who, st.integers(-2_000, 5_000)),
    st.builds(Credit, _who, st.integers(0, 2), st.none() | _number, st.integers(1, 110)),
    st.builds(Advance, _ahead),
    st.builds(Advance, _ahead),
)
_interval: st.SearchStrategy[Interval] = st.sampled_from(["month", "month", "week", "day", "year"])
_rhythm = st.tuples(_interval, st.sampled_from([1, 1, 2]))


_POLICIES: list[Policy] = ["next_invoice", "next_invoice", "immediate", "report_only"]


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A life of 8 to 16 steps, which begins with a subscription and usage."""
    beginning = (draw(_subscribe), draw(_use), draw(st.builds(Advance, _ahead)))
    return Life(
        start=draw(st.sampled_from(STARTS)),
        currency=draw(st.sampled_from(["usd", "usd", "jpy", "kwd"])),
        rhythms=(draw(_rhythm), draw(_rhythm)),
        prices=tuple(draw(st.lists(_price(), min_size=2, max_size=5))),
        coupons=tuple(draw(st.lists(_coupon, min_size=3, max_size=3))),
        tax_rates=tuple(draw(st.lists(_tax_rate, min_size=3, max_size=3))),
        balances=tuple(draw(st.sampled_from([0, 0, -700, 45])) for _ in range(CUSTOMERS)),
        policy=draw(st.sampled_from(_POLICIES)),
        steps=(*beginning, *draw(st.lists(_step, min_size=5, max_size=13))),
    )
