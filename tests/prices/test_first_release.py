"""Prices of the first release, as its logs hold them, in this one."""

from pathlib import Path

import pytest

from ledger.event_types import EVENT_CATALOGUE
from ledger.prices.aggregate import Price, evolve
from ledger.prices.events import PriceCreated, PriceDetailsChanged

STORED = Path(__file__).parents[1] / "events"


def stored(name: str) -> bytes:
    return (STORED / f"{name}.json").read_bytes().strip()


@pytest.mark.parametrize("case", ["price.created.v1", "price.created.v1.tiered"])
def test_it_has_no_extensions(case: str) -> None:
    created = EVENT_CATALOGUE.decode("price.created.v1", stored(case))
    assert isinstance(created, PriceCreated)
    for terms in (created.terms, *created.details.currency_options.values()):
        assert (terms.included_units, terms.percentage_fee, terms.is_limited) == (None, None, False)


def test_its_currency_options_keep_their_terms() -> None:
    created = EVENT_CATALOGUE.decode("price.created.v1", stored("price.created.v1"))
    changed = EVENT_CATALOGUE.decode("price.details_changed.v1", stored("price.details_changed.v1"))
    assert isinstance(changed, PriceDetailsChanged)
    price: Price = evolve(evolve(None, created), changed)
    euro = price.terms_in("eur")
    assert (euro.currency, euro.unit_amount, euro.is_limited) == ("eur", 4, False)
    assert price.terms_in("usd") == price.terms
