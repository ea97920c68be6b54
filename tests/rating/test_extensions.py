"""Extensions of a price at their edges, amounts worked out by hand, in minor units."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.periods import Period
from ledger.prices.terms import PriceTerms
from ledger.rating.rate import rate
from ledger.rating.steps import stored_steps
from tests.rating.terms_examples import each, packages, tiered, with_extensions

JUNE = Period(datetime(2024, 6, 1, tzinfo=UTC), datetime(2024, 7, 1, tzinfo=UTC))
TIERS = tiered("graduated", (10, "5", "100"), (20, "4", "0"), (None, "0.5", "50"))
VOLUME = tiered("volume", (10, "5", "100"), (20, "4", "0"), (None, "0.5", "50"))
PAYMENTS = with_extensions(each("0"), percentage_fee=("2.9", "quantity"))
SURCHARGE = with_extensions(each("10"), percentage_fee=("25", "amount"))
LEAST = with_extensions(each("4"), minimum_charge=500)
MOST = with_extensions(each("4"), maximum_charge=500)
BOTH = with_extensions(each("4"), minimum_charge=500, maximum_charge=500)
ALL = with_extensions(
    packages("300", of=10),
    included_units="5",
    percentage_fee=("10", "amount"),
    minimum_charge=400,
    maximum_charge=1000,
)


def included(terms: PriceTerms, units: str) -> PriceTerms:
    return with_extensions(terms, included_units=units)


CASES: dict[str, tuple[PriceTerms, list[tuple[str, int]]]] = {
    "1,000 units included": (
        included(each("2"), "1000"),
        [("0", 0), ("999", 0), ("1000", 0), ("1000.25", 1), ("1000.2", 0), ("1001", 2), ("-1", 0)],
    ),
    "a fraction of a unit included": (
        included(each("100"), "0.000000000001"),
        [("0", 0), ("0.000000000001", 0), ("1", 100), ("0.005", 0), ("0.005000000001", 1)],
    ),
    "no unit included": (included(each("2"), "0"), [("0", 0), ("1", 2)]),
    "units included before packages": (
        included(packages("4", of=100), "50"),
        [("50", 0), ("51", 4), ("150", 4), ("150.5", 8), ("151", 8)],
    ),
    "units included before graduated tiers": (
        included(TIERS, "5"),
        [("0", 100), ("5", 100), ("6", 105), ("15", 150), ("16", 154), ("25", 190), ("26", 241)],
    ),
    "units included before volume tiers": (
        included(VOLUME, "5"),
        [("5", 100), ("15", 150), ("15.5", 42), ("16", 44), ("25", 80), ("26", 61)],
    ),
    "10^15 units, all but one included": (
        included(each("7"), "999999999999999"),
        [("999999999999999", 0), ("1000000000000000", 7)],
    ),
    "2.9 % of the quantity": (
        PAYMENTS,
        [
            ("0", 0),
            ("17", 0),
            ("18", 1),
            ("100", 3),
            ("10000", 290),
            ("1000000000000000", 29 * 10**12),
        ],
    ),
    "2.9 % and 30 cents for packages of money": (
        with_extensions(packages("30", of=10_000), percentage_fee=("2.9", "quantity")),
        [("0", 0), ("1", 30), ("10000", 320), ("10001", 350)],
    ),
    "a percentage with 12 decimals": (
        with_extensions(each("0"), percentage_fee=("0.000000000001", "quantity")),
        [("1000000000000000", 10), ("49999999999999", 0), ("50000000000000", 1)],
    ),
    "100 % of the quantity": (
        with_extensions(each("0"), percentage_fee=("100", "quantity")),
        [("0", 0), ("0.5", 1), ("7", 7)],
    ),
    "a quarter on top": (SURCHARGE, [("0", 0), ("1", 13), ("2", 25), ("3", 38), ("100", 1250)]),
    "a quarter on top of tiers": (
        with_extensions(TIERS, percentage_fee=("25", "amount")),
        [("0", 125), ("10", 188), ("20", 238)],
    ),
    "2.9 % after included money": (
        with_extensions(each("0"), included_units="50000", percentage_fee=("2.9", "quantity")),
        [("50000", 0), ("50100", 3), ("60000", 290)],
    ),
    "at least 500": (LEAST, [("0", 500), ("124", 500), ("125", 500), ("125.1", 500), ("126", 504)]),
    "at most 500": (MOST, [("0", 0), ("124", 496), ("125", 500), ("126", 500), ("10000000", 500)]),
    "500 whatever is used": (BOTH, [("0", 500), ("125", 500), ("1000000000000000", 500)]),
    "at most 0": (with_extensions(each("4"), maximum_charge=0), [("0", 0), ("9", 0)]),
    "at least 0": (with_extensions(each("4"), minimum_charge=0), [("0", 0), ("9", 36)]),
    "everything at once": (
        ALL,
        [("0", 400), ("5", 400), ("6", 400), ("16", 660), ("26", 990), ("36", 1000), ("-3", 400)],
    ),
    "a maximum holds where the sum is beyond 64 bits": (
        with_extensions(each("9223372036854775807"), maximum_charge=10**6),
        [("2", 10**6)],
    ),
}


@pytest.mark.parametrize(
    ("terms", "quantity", "amount"),
    [
        pytest.param(terms, quantity, amount, id=f"{name}: {quantity}")
        for name, (terms, cases) in CASES.items()
        for quantity, amount in cases
    ],
)
def test_amount(terms: PriceTerms, quantity: str, amount: int) -> None:
    line = rate(terms, Decimal(quantity))
    assert (line.amount, line.quantity) == (amount, max(Decimal(quantity), 0))
    assert sum((step.amount for step in line.steps), Decimal(0)) == amount


def days(count: int) -> Period:
    return Period(JUNE.start, JUNE.start + timedelta(days=count))


@pytest.mark.parametrize(
    ("terms", "quantity", "part", "amount"),
    [
        (with_extensions(each("3000"), metered=False), "1", days(10), 1000),
        (with_extensions(each("1000"), metered=False), "1", days(10), 333),
        (with_extensions(each("2000"), metered=False), "1", days(10), 667),
        (with_extensions(each("3000"), metered=False), "1", days(0), 0),
        (with_extensions(each("3000"), metered=False), "1", JUNE, 3000),
        (with_extensions(each("3000")), "1", days(10), 3000),
        (LEAST, "0", days(10), 167),
        (LEAST, "40", days(10), 167),
        (LEAST, "42", days(10), 168),
        (LEAST, "0", days(0), 0),
        (MOST, "1000", days(10), 167),
        (MOST, "1000", days(15), 250),
        (MOST, "1000", JUNE, 500),
        (with_extensions(each("4"), metered=False, minimum_charge=600), "1", days(10), 200),
        (with_extensions(each("4"), metered=False, maximum_charge=600), "900", days(10), 200),
    ],
)
def test_a_part_of_a_period(terms: PriceTerms, quantity: str, part: Period, amount: int) -> None:
    line = rate(terms, Decimal(quantity), part, JUNE)
    assert line.amount == amount
    assert sum((step.amount for step in line.steps), Decimal(0)) == amount


def test_every_step_is_told_in_its_order() -> None:
    said = [
        (step.model, step.quantity, step.amount) for step in stored_steps(rate(ALL, Decimal(36)))
    ]
    assert said == [
        ("included", "5", "0"),
        ("package", "4", "1200"),
        ("percentage", "1200", "120"),
        ("maximum", "0", "-320"),
    ]


def test_limits_and_shares_say_where_they_lead() -> None:
    terms = with_extensions(each("4"), metered=False, minimum_charge=500)
    *_, least, share, rounding = stored_steps(rate(terms, Decimal(1), days(10), JUNE))
    assert (least.model, least.above, least.up_to, least.amount) == ("minimum", "4", "500", "496")
    assert (share.model, share.above, share.up_to) == ("proration", "500", "166.666666666667")
    assert (rounding.model, rounding.up_to, rounding.amount) == (
        "rounding",
        "167",
        "0.333333333333",
    )


def test_a_share_is_rounded_itself_and_not_as_it_is_stated() -> None:
    """Half a cent less 4·10^-13: to 12 decimals it reads 0.5, which would be rounded up."""
    second = Period(JUNE.start, JUNE.start + timedelta(seconds=1))
    terms = with_extensions(each("1295999.999999"), metered=False)
    line = rate(terms, Decimal(1), second, JUNE)
    assert (line.exact, line.amount) == (Decimal("0.5"), 0)


@pytest.mark.parametrize(
    "terms",
    [
        with_extensions(each("9223372036854775807"), percentage_fee=("1", "amount")),
        with_extensions(each("9223372036854775807"), minimum_charge=1),
    ],
)
def test_an_amount_beyond_64_bits_is_refused(terms: PriceTerms) -> None:
    with pytest.raises(InvalidRequest, match="64-bit"):
        rate(terms, Decimal(2))


@pytest.mark.parametrize("metered", [True, False])
def test_a_part_outside_of_the_whole_is_refused(metered: bool) -> None:
    terms = with_extensions(each("4"), metered=metered, minimum_charge=500)
    with pytest.raises(ValueError, match="no part of"):
        rate(terms, Decimal(1), JUNE, days(10))
