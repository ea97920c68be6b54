"""Request models: what is accepted, and rules that concern several fields."""

from datetime import UTC, datetime
from decimal import Decimal

from api.http.params import missing, parse
from tests.http.sample_params import Priced, Recurring, Sample, form, refused


def test_reads_every_type_from_a_form() -> None:
    sample = form(
        "name=a&count=-7&ratio=1E-12&active=false&at=1700000000&anchor=now&currency=USD"
        "&seen=2026-11-01T00:00:00.250%2B01:00&recurring[interval]=month&tiers[0][up_to]=100"
        "&tiers[1][up_to]=inf&tax_rates[]=t&payload[value]=25&metadata[7]=x&expand[0]=a.b.c.d"
    )
    assert sample.name == "a"
    assert sample.count == -7
    assert sample.ratio == Decimal("0.000000000001")
    assert sample.active is False
    assert sample.at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert sample.anchor == "now"
    assert sample.seen == datetime(2026, 10, 31, 23, 0, 0, 250_000, tzinfo=UTC)
    assert sample.currency == "usd"
    assert sample.recurring == Recurring(interval="month")
    assert [tier.up_to for tier in sample.tiers] == [100, "inf"]
    assert sample.tax_rates == ["t"]
    assert sample.payload == {"value": "25"}
    assert sample.metadata == {"7": "x"}
    assert sample.expand == ["a.b.c.d"]


def test_reads_json_types() -> None:
    sample = parse(
        Sample, {"count": 7, "active": True, "tiers": [{"up_to": 1}], "metadata": {"k": None}}
    )
    assert (sample.count, sample.active, sample.tiers[0].up_to) == (7, True, 1)
    assert sample.metadata == {"k": ""}


def test_unsetting_differs_from_leaving_out() -> None:
    cleared, absent = form("description=&tax_rates=&metadata="), form("")
    assert (cleared.description, cleared.tax_rates, cleared.metadata) == (None, None, None)
    assert cleared.given("description")
    assert not absent.given("description")
    assert absent.metadata == {}


def test_list_elements_come_in_the_order_of_their_index() -> None:
    sample = form("few[20]=c&few[3]=a")
    assert sample.few == ["a", "c"]


def test_the_missing_field_is_named() -> None:
    message, code, param = refused(Priced, {})
    assert (message, code, param) == (
        "Missing required param: product.",
        "parameter_missing",
        "product",
    )
    assert missing("a").message == "Missing required param: a."


def test_an_unknown_field_comes_before_the_missing_one() -> None:
    assert refused(Priced, {"prodct": "p"})[0] == (
        "Received unknown parameter: prodct. Did you mean product?"
    )


def test_fields_that_exclude_each_other() -> None:
    both = {"product": "p", "unit_amount": "1", "unit_amount_decimal": "1"}
    message, code, param = refused(Priced, both)
    assert message == (
        "You may only specify one of these parameters: unit_amount and unit_amount_decimal."
    )
    assert (code, param) == ("parameters_exclusive", "unit_amount_decimal")
