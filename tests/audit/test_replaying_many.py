"""Many invoices recomputed together: each as alone, and none held up by another."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.audit.finalized import begun_in, finalized_invoices, finalized_invoices_of
from ledger.audit.recompute import Recomputation, recompute_all
from ledger.invoices.redrafting import UnexplainedInvoice
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.months import Month
from tests.support.billing_ledger import at
from tests.support.postgres import Database
from tests.support.stored_ledger import StoredLedger
from tests.support.tampering import rewrite


@pytest.fixture
def year(ledger: StoredLedger) -> list[str]:
    """First the seat of January, then an invoice for each of three months, finalized."""
    ledger.subscribe("price_tokens", "price_seat")
    issued = [place.stream for place in finalized_invoices(ledger.application)]
    for month, end in (("01", "2026-02-01"), ("02", "2026-03-01"), ("03", "2026-04-01")):
        ledger.now = at(f"2026-{month}-20")
        ledger.use(f"e-{month}", f"2026-{month}-10", month)
        closed = ledger.close(end)
        ledger.finalize(closed, f"{end}T01:00")
        ledger.use(f"late-{month}", f"2026-{month}-11", "1000")
        issued.append(closed)
    return issued


def outcomes(ledger: StoredLedger, *invoices: str, **options: Any) -> dict[str, Any]:
    return dict(recompute_all(ledger.application, invoices, **options))


def test_many_are_recomputed_as_each_alone(ledger: StoredLedger, year: list[str]) -> None:
    found = outcomes(ledger, *year)
    assert list(found) == year
    assert len(year) == 4
    assert found == {invoice: ledger.recompute(invoice) for invoice in year}
    assert all(outcome.equal for outcome in found.values())


def test_usage_is_read_in_one_pass(
    ledger: StoredLedger, year: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = ledger.application.recorder
    read, select = list[Any](), recorder.select_notifications

    def counted(*arguments: Any, **options: Any) -> Any:
        read.append(arguments)
        return select(*arguments, **options)

    monkeypatch.setattr(recorder, "select_notifications", counted)
    passes: list[tuple[int, int]] = []
    outcomes(ledger, *year, swept=lambda reached, last: passes.append((reached, last)))
    assert len(read) == 2
    assert len(passes) == 1


def test_what_cannot_be_recomputed_is_its_own_outcome(
    ledger: StoredLedger, year: list[str]
) -> None:
    draft = ledger.close("2026-05-01")
    found = outcomes(ledger, draft, *year, "in_unknown", "cus_a")
    assert isinstance(found[draft], InvalidRequest)
    assert isinstance(found["in_unknown"], NotFound)
    assert isinstance(found["cus_a"], NotFound)
    assert all(found[invoice].equal for invoice in year)


def test_only_chosen_invoices_come_back(ledger: StoredLedger, year: list[str]) -> None:
    found = outcomes(ledger, *year, chosen=lambda draft: draft.period.start == at("2026-02-01"))
    assert list(found) == [year[2]]


def test_altered_facts_concern_their_own_invoice_alone(
    ledger: StoredLedger, year: list[str], shared_database: Database
) -> None:
    tamper(ledger, shared_database)(
        "invoice.finalized.v2", b'"engine_version":', b'"engine":', year[1]
    )
    tamper(ledger, shared_database)(
        "invoice.finalized.v2", b'"total":3104', b'"total":3105', year[2]
    )
    found = outcomes(ledger, *year)
    assert isinstance(found[year[1]], UnexplainedInvoice)
    assert year[1] in str(found[year[1]])
    assert isinstance(found[year[2]], Recomputation)
    assert [difference.part for difference in found[year[2]].differences] == ["total"]
    assert (found[year[0]].equal, found[year[3]].equal) == (True, True)


def test_usage_that_cannot_be_read_is_named(
    ledger: StoredLedger, year: list[str], shared_database: Database
) -> None:
    tamper(ledger, shared_database)("usage.recorded.v1", b'"e-02"', b'"e-02', None)
    found = outcomes(ledger, *year)
    assert found[year[0]].equal
    for invoice in year[1:]:
        assert "the usage at position" in str(found[invoice])


def test_the_log_lists_what_was_finalized(ledger: StoredLedger, year: list[str]) -> None:
    ledger.close("2026-05-01")
    log = ledger.application
    assert [place.stream for place in finalized_invoices(log)] == year
    assert [place.stream for place in finalized_invoices_of(log, "cus_a")] == year
    assert list(begun_in(log, year, Month(2026, 2))) == [year[2]]
    assert list(begun_in(log, year, Month(2027, 1))) == []
    with pytest.raises(NotFound, match="cus_unknown"):
        finalized_invoices_of(log, "cus_unknown")


def tamper(ledger: StoredLedger, database: Database) -> Callable[..., None]:
    def altered(topic: str, old: bytes, new: bytes, stream: str | None) -> None:
        rewrite(database.owner_url, ledger.ledger_id, topic, old, new, stream=stream)

    return altered
