"""An invoice's page, put together from rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.invoices.document.figures import day, money, period, plain, plain_lines
from api.invoices.document.lines import LineSources, shown_line
from api.invoices.document.page import Entry, InvoicePage, Party, Proof, Sum
from api.invoices.document.sums import SumSources, shown_sums
from projections.customers.rows import CustomerRow, PersonalPart
from projections.invoices.rows import InvoiceRow

_STATUSES: Final = {
    "draft": "Draft",
    "open": "Open",
    "paid": "Paid",
    "void": "Void",
    "uncollectible": "Uncollectible",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """What stands on a page beside the invoice itself."""

    seller: str
    customer: CustomerRow | None
    lines: LineSources
    sums: SumSources


def compose(row: InvoiceRow, sources: Sources) -> InvoicePage:
    """The page of an invoice whose lines have amounts, also of a draft."""
    personal = sources.customer.personal if sources.customer else PersonalPart()
    seller = plain(sources.seller)
    heading = f"Draft {row.id}" if row.status == "draft" else f"Invoice {row.number or row.id}"
    return InvoicePage(
        title=f"{heading} from {seller}",
        heading=heading,
        status=_STATUSES[row.status],
        standing=_standing(row),
        mark=_mark(row),
        seller=Party(seller),
        customer=_customer(personal),
        facts=_facts(row, personal),
        headline=_headline(row),
        lines=tuple(shown_line(row, line, sources.lines) for line in row.lines),
        sums=shown_sums(row, sources.sums),
        notes=plain_lines(row.description),
        footer=" ".join(plain_lines(row.footer or personal.invoice_footer)),
        proof=_proof(row),
        stamped_at=row.finalized_at if row.finalized_at is not None else row.created,
    )


def _customer(personal: PersonalPart) -> Party:
    """Name, address and e-mail; all blank once the personal data is erased."""
    address: Mapping[str, str | None] = personal.address or {}
    name = plain(personal.business_name or personal.name or personal.individual_name)
    town = " ".join(filter(None, (address.get("postal_code"), address.get("city"))))
    place = ", ".join(filter(None, (town, address.get("state"))))
    lines = (
        personal.name if plain(personal.name) != name else None,
        address.get("line1"),
        address.get("line2"),
        place,
        address.get("country"),
        personal.email,
    )
    return Party(name, tuple(filter(None, map(plain, lines))))


def _facts(row: InvoiceRow, personal: PersonalPart) -> tuple[Entry, ...]:
    named = [Entry("Invoice number", row.number)] if row.number else []
    dated = [
        Entry(label, moment.text, moment.iso)
        for label, seconds in (
            ("Begun", row.created if row.status == "draft" else None),
            ("Issued", row.finalized_at),
            ("Due", row.due_date),
            ("Paid", row.paid_at),
            ("Withdrawn", row.voided_at),
            ("Given up", row.marked_uncollectible_at),
        )
        if seconds is not None
        for moment in (day(seconds),)
    ]
    fields = personal.invoice_custom_fields if row.custom_fields is None else row.custom_fields
    own = [Entry(plain(field["name"]), plain(field["value"])) for field in fields or ()]
    covered = Entry("Period", period(row.period_start, row.period_end))
    return (*named, *dated, covered, Entry("Currency", row.currency.upper()), *own)


def _mark(row: InvoiceRow) -> str:
    marks: list[str] = []
    if row.status == "draft":
        marks.append("Draft: no invoice yet. Amounts are those so far and may still change.")
    if row.status == "void":
        marks.append("Void: this invoice was withdrawn.")
    if not row.livemode:
        marks.append("Test data: nothing is owed.")
    return " ".join(marks)


def _headline(row: InvoiceRow) -> Sum:
    match row.status:
        case "draft":
            label, amount = "Amount so far", row.amounts.amount_due
        case "void":
            label, amount = "Amount due", 0
        case "paid" if row.amounts.amount_paid:
            label, amount = "Amount paid", row.amounts.amount_paid
        case _:
            label, amount = "Amount due", row.amounts.amount_remaining
    return Sum(label, money(amount, row.currency))


def _standing(row: InvoiceRow) -> str:
    """What the status means for the reader, in one sentence."""
    match row.status:
        case "draft" if row.finalization_error:
            return f"It cannot be issued as it stands: {plain(row.finalization_error)}"
        case "draft" if row.automatically_finalizes_at is not None:
            return f"It will be issued on {day(row.automatically_finalizes_at).text}."
        case "draft":
            return "It has not been issued."
        case "void":
            return "It was withdrawn; nothing is to be paid."
        case "uncollectible":
            return "Payment is no longer expected."
        case "paid" if row.amounts.amount_paid and row.paid_at is not None:
            return f"Paid on {day(row.paid_at).text}. Thank you."
        case _ if row.amounts.amount_remaining <= 0:
            return "Nothing is to be paid."
        case _ if row.due_date is not None:
            return f"To be paid by {day(row.due_date).text} (UTC)."
        case _:
            return "Payable on receipt."


def _proof(row: InvoiceRow) -> Proof | None:
    if row.document_sha256 is None or row.through_position is None:
        return None
    return Proof(
        through_position=str(row.through_position),
        engine_version=str(row.engine_version),
        document_sha256=row.document_sha256,
        command=f"tallybook invoice replay {row.id}",
        request=f"GET /audit/v1/invoices/{row.id}/replay",
    )
