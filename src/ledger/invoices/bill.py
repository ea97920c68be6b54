"""A draft with its lines rated and summed, as the log stood at a position."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.invoices.document import digest
from ledger.invoices.events import FinalLine, InvoiceDrafted, InvoiceFinalized
from ledger.invoices.lines import Priced, UsageOf, rate_lines
from ledger.invoices.totals import Totals, total_up
from ledger.rating.rate import RATING_ENGINE_VERSION


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What a bill is made of beside its draft, all of it recorded by `through_position`.

    `balance` is the customer's, in minor units, below 0 when in credit.
    """

    prices: Mapping[str, Priced]
    usage_of: UsageOf
    balance: int
    through_position: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What a draft comes to."""

    draft: InvoiceDrafted
    lines: tuple[FinalLine, ...]
    totals: Totals
    through_position: int
    engine_version: int


@dataclass(frozen=True, slots=True)
class Issue:
    """The circumstances of finalizing an invoice: its number, when, and whether it advances."""

    number: str
    finalized_at: datetime
    auto_advance: bool


def make_bill(
    draft: InvoiceDrafted,
    ingredients: Ingredients,
    engine_version: int = RATING_ENGINE_VERSION,
) -> Bill:
    """Rate the lines and sum them up. Raises InvalidRequest for amounts beyond 64 bits."""
    lines = rate_lines(draft, ingredients.prices, ingredients.usage_of, engine_version)
    totals = total_up((line.amount for line in lines), ingredients.balance)
    return Bill(draft, lines, totals, ingredients.through_position, engine_version)


def issue(invoice_id: str, bill: Bill, circumstances: Issue) -> InvoiceFinalized:
    """The bill, fixed for ever, with the digest of its document."""
    days = bill.draft.days_until_due
    finalized_at = circumstances.finalized_at
    final = InvoiceFinalized(
        number=circumstances.number,
        finalized_at=finalized_at,
        due_date=None if days is None else finalized_at + timedelta(days=days),
        auto_advance=circumstances.auto_advance,
        through_position=bill.through_position,
        engine_version=bill.engine_version,
        lines=bill.lines,
        subtotal=bill.totals.subtotal,
        total=bill.totals.total,
        starting_balance=bill.totals.starting_balance,
        ending_balance=bill.totals.ending_balance,
        amount_due=bill.totals.amount_due,
        document_sha256="",
    )
    sha256 = digest(invoice_id, bill.draft, final)
    return final.model_copy(update={"document_sha256": sha256})
