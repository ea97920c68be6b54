"""Tax rates: what they come to never changes, how they are named may."""

from typing import Any

import pytest

from ledger.kernel.commands import Command
from ledger.kernel.errors import NotFound
from ledger.store.work import Work
from ledger.tax_rates.commands import CreateTaxRate, UpdateTaxRate
from ledger.tax_rates.events import TaxRateCreated, TaxRateDetails, TaxRateDetailsChanged
from ledger.tax_rates.handlers import (
    applicable_tax_rates,
    create_tax_rate,
    tax_rate_terms,
    update_tax_rate,
)
from ledger.tax_rates.terms import TaxRateTerms
from tests.support.given_when_then import NOW, LedgerInMemory

VAT = TaxRateTerms(percentage="19", inclusive=False)
DETAILS = TaxRateDetails(display_name="VAT", country="DE", state="BE", metadata={"a": "1"})


def born(**details: Any) -> TaxRateCreated:
    changed = DETAILS.model_copy(update=details)
    return TaxRateCreated(terms=VAT, details=changed, created=NOW, livemode=False)


@pytest.fixture
def ledger() -> LedgerInMemory:
    return (
        LedgerInMemory()
        .given("txr_1", born())
        .given("txr_2", born())
        .given("txr_old", born(active=False))
    )


def change(**given: Any) -> UpdateTaxRate:
    return UpdateTaxRate(tax_rate="txr_1", **given)


class Apply(Command):
    ids: tuple[str, ...]
    kept: tuple[str, ...] = ()


def apply(work: Work, command: Apply) -> None:
    ids = applicable_tax_rates(work, command.ids, param="default_tax_rates", kept=command.kept)
    assert ids == command.ids
    assert tax_rate_terms(work, ids) == dict.fromkeys(ids, VAT)


def test_a_tax_rate_is_created():
    command = CreateTaxRate(tax_rate="txr_1", terms=VAT, details=DETAILS)
    assert LedgerInMemory().when(create_tax_rate, command) == [("txr_1", born())]


def test_details_change(ledger: LedgerInMemory):
    found = ledger.when(update_tax_rate, change(changes={"active": False}, metadata=None))
    details = DETAILS.model_copy(update={"active": False, "metadata": {}})
    assert found == [("txr_1", TaxRateDetailsChanged(details=details, changed_at=NOW))]
    assert ledger.when(update_tax_rate, change(changes={"active": False})) == []


def test_a_state_is_one_of_a_country(ledger: LedgerInMemory):
    refused = ledger.refusal(update_tax_rate, change(changes={"country": None}))
    assert (refused.param, refused.code) == ("country", "parameter_missing")


def test_active_tax_rates_are_applied(ledger: LedgerInMemory):
    assert ledger.when(apply, Apply(ids=("txr_1", "txr_2"))) == []
    assert ledger.when(apply, Apply(ids=())) == []


def test_what_has_an_inactive_tax_rate_keeps_it(ledger: LedgerInMemory):
    refused = ledger.refusal(apply, Apply(ids=("txr_1", "txr_old")))
    assert refused.param == "default_tax_rates[1]"
    assert ledger.when(apply, Apply(ids=("txr_old",), kept=("txr_old",))) == []


def test_tax_rates_that_cannot_be_applied(ledger: LedgerInMemory):
    refused = ledger.refusal(apply, Apply(ids=("txr_1", "txr_none")))
    assert isinstance(refused, NotFound)
    assert refused.param == "default_tax_rates[1]"
    refused = ledger.refusal(apply, Apply(ids=("txr_1", "txr_1")))
    assert refused.param == "default_tax_rates[1]"
    refused = ledger.refusal(apply, Apply(ids=("txr_1",) * 11))
    assert refused.param == "default_tax_rates"
