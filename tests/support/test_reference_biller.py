"""The reference biller against lives worked out by hand, for a wrong reference proves nothing."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from tests.support.reference_biller import Invoice, ReferenceBiller, rounded
from tests.support.reference_calendar import date_of, day_number, moved

HOUR = 3_600
DAY = 24 * HOUR


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


JUNE, JULY, AUGUST = at("2024-06-01"), at("2024-07-01"), at("2024-08-01")


def biller(**meter: Any) -> ReferenceBiller:
    """A meter, a price of 4 for each 100 units, a seat of 900 a month and one customer."""
    made = ReferenceBiller()
    made.play(
        [
            {"do": "create_meter", "id": "tokens", "formula": "sum", **meter},
            {"do": "create_customer", "id": "ann"},
            {"do": "create_price", "id": "package", "meter": "tokens", "interval": "month"}
            | {"unit_amount": 4, "divide_by": 100, "round": "up"},
            {"do": "create_price", "id": "seat", "interval": "month", "unit_amount": 900},
        ]
    )
    return made


def subscribe(made: ReferenceBiller, *prices: str, **details: Any) -> None:
    items = [{"id": f"si_{price}", "price": price} for price in prices]
    command = {"do": "create_subscription", "id": "sub", "customer": "ann", "items": items}
    made.play([command | {"at": JUNE, "start": JUNE, "anchor": JUNE} | details])


def use(made: ReferenceBiller, *events: tuple[str, int, str]) -> None:
    made.play(
        [
            {"do": "record_usage", "identifier": identifier, "meter": "tokens", "customer": "ann"}
            | {"ts": ts, "value": value}
            for identifier, ts, value in events
        ]
    )


def advance(made: ReferenceBiller, to: int) -> None:
    made.play([{"do": "advance", "to": to}])


def lines(invoice: Invoice | None) -> list[tuple[str, Fraction, int]]:
    assert invoice is not None
    return [(line["item"], line["quantity"], line["amount"]) for line in invoice["lines"]]


def test_three_thousand_tokens_cost_a_dollar_twenty() -> None:
    made = biller()
    subscribe(made, "package")
    assert made.invoices == []
    use(made, ("a", JUNE, "1000"), ("b", JULY - 1, "2000"), ("c", JULY, "5"), ("a", JUNE, "7"))
    assert lines(made.preview("sub")) == [("si_package", 3000, 120)]
    advance(made, JULY)
    assert made.invoices == []
    assert [draft["period"] for draft in made.drafts] == [(JUNE, JULY)]
    advance(made, JULY + HOUR)
    (invoice,) = made.invoices
    assert (invoice["reason"], invoice["period"]) == ("subscription_cycle", (JUNE, JULY))
    assert (lines(invoice), invoice["total"]) == ([("si_package", 3000, 120)], 120)
    assert lines(made.preview("sub")) == [("si_package", 5, 4)]


def test_usage_counts_until_finalization_and_never_after() -> None:
    made = biller()
    subscribe(made, "package")
    advance(made, JULY)
    use(made, ("in grace", JUNE + DAY, "100"))
    advance(made, JULY + HOUR)
    use(made, ("late", JUNE + DAY, "100"))
    made.play([{"do": "cancel_usage", "identifier": "in grace"}])
    advance(made, AUGUST + HOUR)
    assert [invoice["total"] for invoice in made.invoices] == [4, 0]
    assert made.summary("tokens", "ann", JUNE, JULY) == 100


def test_seats_are_billed_ahead_and_tokens_behind() -> None:
    made = biller()
    subscribe(made, "package", "seat")
    (first,) = made.invoices
    assert first["reason"] == "subscription_create"
    assert lines(first) == [("si_seat", 1, 900)]
    use(made, ("a", JUNE, "1"))
    advance(made, JULY + HOUR)
    assert lines(made.invoices[1]) == [("si_package", 1, 4), ("si_seat", 1, 900)]
    assert [line["period"] for line in made.invoices[1]["lines"]] == [(JUNE, JULY), (JULY, AUGUST)]


def test_classic_billing_opens_with_lines_of_nothing() -> None:
    made = biller()
    subscribe(made, "package", billing_mode="classic")
    assert [(lines(i), i["total"]) for i in made.invoices] == [([("si_package", 0, 0)], 0)]


def test_a_backdated_start_is_billed_by_period_on_the_first_invoice() -> None:
    made = biller()
    use(made, ("a", at("2024-05-20"), "150"), ("b", JUNE + DAY, "1"))
    start = at("2024-04-16")
    subscribe(made, "package", "seat", start=start, at=JUNE + 10 * DAY)
    (first,) = made.invoices
    assert lines(first) == [
        ("si_package", 150, 8),
        ("si_seat", 1, 450),
        ("si_seat", 1, 900),
        ("si_seat", 1, 900),
    ]
    assert lines(made.preview("sub")) == [("si_package", 1, 4), ("si_seat", 1, 900)]


def test_a_cancelled_subscription_bills_its_usage_only_on_request() -> None:
    for invoice_now, totals in ((False, []), (True, [4])):
        made = biller()
        subscribe(made, "package")
        use(made, ("a", JUNE, "1"), ("b", JUNE + 6 * DAY, "100"))
        cancel = {"do": "cancel_subscription", "id": "sub", "at": JUNE + 5 * DAY}
        made.play([cancel | {"invoice_now": invoice_now}])
        advance(made, AUGUST)
        assert [invoice["total"] for invoice in made.invoices] == totals
        assert made.preview("sub") is None


def test_a_scheduled_end_cuts_the_last_period_and_is_billed() -> None:
    made = biller()
    subscribe(made, "package", "seat")
    end = JULY + 15 * DAY + 12 * HOUR
    made.play([{"do": "schedule_cancellation", "id": "sub", "cancel_at": end}])
    use(made, ("a", end - 1, "100"), ("b", end, "100"))
    advance(made, end + HOUR)
    assert [lines(invoice) for invoice in made.invoices] == [
        [("si_seat", 1, 900)],
        [("si_package", 0, 0), ("si_seat", 1, 450)],
        [("si_package", 100, 4)],
    ]
    assert made.preview("sub") is None
    advance(made, AUGUST + HOUR)
    assert len(made.invoices) == 3


def test_corrections_below_zero_bill_nothing() -> None:
    made = biller()
    subscribe(made, "package")
    use(made, ("a", JUNE, "5"), ("b", JUNE + 1, "-7.5"))
    assert lines(made.preview("sub")) == [("si_package", 0, 0)]
    assert made.summary("tokens", "ann", JUNE, JULY) == Fraction(-5, 2)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("sum", 37),
        ("count", 5),
        ("last", 20),
        ("max", 20),
        ("min", 1),
        ("average", Fraction("7.4")),
        ("unique_count", 5),
    ],
)
def test_formulas(formula: str, value: int) -> None:
    made = biller(formula=formula)
    use(made, ("a", JUNE + 5, "3"), ("b", JUNE + 9, "4"), ("c", JUNE + 9, "20"))
    use(made, ("d", JUNE + 7, "9"), ("e", JUNE, "1"), ("f", JUNE - 1, "50"))
    assert made.summary("tokens", "ann", JUNE, JUNE + 10) == value
    assert made.summary("tokens", "ann", JULY, AUGUST) is None
    assert made.summary("tokens", "bob", JUNE, JULY) is None


@pytest.mark.parametrize(
    ("formula", "value", "halves"),
    [("sum", 6, (4, 2)), ("count", 2, (1, 1)), ("last", 2, (4, 2))],
)
def test_with_a_time_window_the_last_received_event_of_each_hour_counts(
    formula: str, value: int, halves: tuple[int, int]
) -> None:
    made = biller(formula=formula, window="hour")
    use(made, ("a", JUNE + 50, "3"), ("b", JUNE + 9, "4"), ("c", JUNE + HOUR, "9"))
    use(made, ("d", JUNE + HOUR + 5, "2"))
    assert made.summary("tokens", "ann", JUNE, JUNE + DAY) == value
    first, second = (JUNE, JUNE + HOUR), (JUNE + HOUR, JUNE + 2 * HOUR)
    assert made.summaries("tokens", "ann", JUNE, JUNE + DAY, "hour") == [
        (*first, halves[0]),
        (*second, halves[1]),
    ]
    assert made.summary("tokens", "ann", JUNE + 10, JUNE + HOUR) is None


def test_the_calendar_is_the_calendar() -> None:
    first = date(1896, 1, 1)
    for n in range(0, 366 * 320, 17):
        day = first + timedelta(days=n)
        number = (day - date(1970, 1, 1)).days
        assert day_number(day.year, day.month, day.day) == number
        assert date_of(number) == (day.year, day.month, day.day)
    assert moved(at("2024-01-31T13:00"), "month", 1) == at("2024-02-29T13:00")
    assert moved(at("2024-02-29"), "year", -1) == at("2023-02-28")


def test_halves_go_away_from_zero() -> None:
    halves = [Fraction(n, 2) for n in (-3, -1, 1, 3)]
    assert [rounded(half) for half in halves] == [-2, -1, 1, 2]
