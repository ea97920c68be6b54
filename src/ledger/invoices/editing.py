"""Lines of drafts: adding, changing and removing them, together with the items that they are of.

A line of an invoice item follows the item. One of a subscription bills what the subscription says;
only what stands beside its amount can be changed, and it cannot be removed.
"""

from dataclasses import dataclass
from typing import Final

from ledger.coupons.redeeming import DiscountHolder
from ledger.invoice_items.aggregate import InvoiceItem
from ledger.invoice_items.charging import changed_charge
from ledger.invoice_items.commands import (
    ChargeRequest,
    CreateInvoiceItem,
    DeleteInvoiceItem,
    UpdateInvoiceItem,
)
from ledger.invoice_items.events import InvoiceItemInvoiced
from ledger.invoice_items.handlers import (
    InvoiceItemHandlers,
    OpenDraft,
    inside,
    look_up,
    require_item,
)
from ledger.invoice_items.pending import line_of_item, release_item, take_items
from ledger.invoices.aggregate import Invoice
from ledger.invoices.commands import (
    AddedLine,
    AddInvoiceLines,
    ChangedLine,
    RemovedLine,
    RemoveInvoiceLines,
    UpdateInvoiceLine,
    UpdateInvoiceLines,
)
from ledger.invoices.drafting import MAX_LINES
from ledger.invoices.events import DraftLine, InvoiceDetailsChanged, InvoiceLinesChanged
from ledger.invoices.loading import invoice_now, require_draft
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.metadata import merge_metadata
from ledger.store.work import Handlers, Work

_BESIDE_THE_AMOUNT: Final = frozenset(
    {"description", "discountable", "discounts", "metadata", "tax_rates"}
)
_PARAM_OF: Final = {"price": "pricing[price]"}


def line_of(invoice_id: str, item_id: str, item: InvoiceItem) -> DraftLine:
    """The line that an item is on an invoice."""
    return DraftLine(
        id=line_of_item(invoice_id, item_id),
        kind="invoice_item",
        invoice_item=item_id,
        subscription_item=item.created.subscription_item,
        **dict(item.charge),
    )


class DraftEditing:
    """The drafts that invoice items are on."""

    def require_draft(self, work: Work, invoice_id: str, *, param: str | None = None) -> OpenDraft:
        draft = require_draft(work, invoice_id, param=param).draft
        return OpenDraft(draft.customer, draft.currency, draft.subscription)

    def put_on(self, work: Work, invoice_id: str, item_id: str) -> None:
        invoice = require_draft(work, invoice_id)
        check_room(len(invoice.draft.lines) + 1, param="invoice")
        line = line_of(invoice_id, item_id, require_item(work, item_id))
        work.append(item_id, InvoiceItemInvoiced(invoice=invoice_id, line=line.id))
        work.append(invoice_id, InvoiceLinesChanged(added=(line,)))

    def change_on(self, work: Work, item_id: str, item: InvoiceItem) -> None:
        invoice_id = item.invoice or ""
        require_draft(work, invoice_id)
        line = line_of(invoice_id, item_id, item)
        work.append(invoice_id, InvoiceLinesChanged(changed=(line,)))

    def take_off(self, work: Work, item: InvoiceItem) -> None:
        invoice_id = item.invoice or ""
        require_draft(work, invoice_id)
        work.append(invoice_id, InvoiceLinesChanged(removed=(item.line or "",)))


def check_room(lines: int, *, param: str) -> None:
    """Raises InvalidRequest for more lines than an invoice can have."""
    if lines > MAX_LINES:
        raise InvalidRequest(f"An invoice can have at most {MAX_LINES} lines.", param=param)


@dataclass(frozen=True, slots=True)
class LineHandlers:
    """The commands on lines of drafts."""

    items: InvoiceItemHandlers

    def add(self, work: Work, command: AddInvoiceLines) -> None:
        invoice = require_draft(work, command.invoice)
        check_room(len(invoice.draft.lines) + len(command.lines), param="lines")
        for i, line in enumerate(command.lines):
            with inside(f"lines[{i}]"):
                self._add(work, command.invoice, invoice, line)
        merge_invoice_metadata(work, command.invoice, command.metadata)

    def update(self, work: Work, command: UpdateInvoiceLines) -> None:
        require_draft(work, command.invoice)
        for i, line in enumerate(command.lines):
            with inside(f"lines[{i}]"):
                self._change(work, command.invoice, line, param="id")
        merge_invoice_metadata(work, command.invoice, command.metadata)

    def update_one(self, work: Work, command: UpdateInvoiceLine) -> None:
        require_draft(work, command.invoice)
        self._change(work, command.invoice, command.line, param=None)

    def remove(self, work: Work, command: RemoveInvoiceLines) -> None:
        require_draft(work, command.invoice)
        for i, line in enumerate(command.lines):
            with inside(f"lines[{i}]"):
                self._remove(work, command.invoice, line)
        merge_invoice_metadata(work, command.invoice, command.metadata)

    def _add(self, work: Work, invoice_id: str, invoice: Invoice, line: AddedLine) -> None:
        if line.waiting is None:
            create = CreateInvoiceItem(item=line.item, charge=line.charge, invoice=invoice_id)
            self.items.create(work, create)
            return
        item = require_item(work, line.waiting, param="invoice_item")
        _check_can_join(line.waiting, item, invoice)
        self.items.update(work, UpdateInvoiceItem(item=line.waiting, charge=line.charge))
        take_items(work, item.created.customer, invoice_id, [line.waiting])
        joined = line_of(invoice_id, line.waiting, require_item(work, line.waiting))
        work.append(invoice_id, InvoiceLinesChanged(added=(joined,)))

    def _change(
        self, work: Work, invoice_id: str, changed: ChangedLine, *, param: str | None
    ) -> None:
        line = _line(require_draft(work, invoice_id), changed.line, param=param)
        if line.invoice_item is not None:
            update = UpdateInvoiceItem(item=line.invoice_item, charge=changed.charge)
            self.items.update(work, update)
            return
        new = _beside_the_amount(work, line, changed.charge, require_draft(work, invoice_id))
        if new != line:
            work.append(invoice_id, InvoiceLinesChanged(changed=(new,)))

    def _remove(self, work: Work, invoice_id: str, removed: RemovedLine) -> None:
        line = _line(require_draft(work, invoice_id), removed.line, param="id")
        if line.invoice_item is None:
            raise InvalidRequest(
                "This line bills a subscription, so it cannot be removed. Change the subscription, "
                "or add a line that gives back.",
                param="id",
            )
        if removed.behavior == "delete":
            self.items.delete(work, DeleteInvoiceItem(item=line.invoice_item))
            return
        work.append(invoice_id, InvoiceLinesChanged(removed=(line.id,)))
        release_item(work, line.invoice_item)

    def by_command(self) -> Handlers:
        """Which handler executes which command."""
        return {
            AddInvoiceLines: self.add,
            UpdateInvoiceLines: self.update,
            UpdateInvoiceLine: self.update_one,
            RemoveInvoiceLines: self.remove,
        }


def _line(invoice: Invoice, line_id: str, *, param: str | None) -> DraftLine:
    for line in invoice.draft.lines:
        if line.id == line_id:
            return line
    raise NotFound("line_item", line_id, param=param)


def _check_can_join(item_id: str, item: InvoiceItem, invoice: Invoice) -> None:
    draft, charge = invoice.draft, item.charge
    if item.created.customer != draft.customer:
        raise NotFound("invoiceitem", item_id, param="invoice_item")
    if item.invoice is not None:
        raise InvalidRequest(
            f"The invoice item {item_id} is on an invoice already.", param="invoice_item"
        )
    if item.created.currency != draft.currency:
        raise InvalidRequest(
            f"You cannot combine currencies: the invoice is in {draft.currency}, the item in "
            f"{item.created.currency}.",
            param="invoice_item",
        )
    if draft.subscription is not None and charge.subscription not in (None, draft.subscription):
        raise InvalidRequest(
            f"The invoice item {item_id} is for the subscription {charge.subscription}.",
            param="invoice_item",
        )


def _beside_the_amount(
    work: Work, line: DraftLine, asked: ChargeRequest, invoice: Invoice
) -> DraftLine:
    for name in sorted(asked.model_fields_set - _BESIDE_THE_AMOUNT):
        raise InvalidRequest(
            "This line bills a subscription: its price, quantity, amount and period follow from "
            "that.",
            param=_PARAM_OF.get(name, name),
        )
    draft, now = invoice.draft, invoice_now(work, invoice)
    holder = DiscountHolder("invoice_item", line.id, draft.customer, draft.currency, now)
    changed = changed_charge(line, asked, look_up(work, asked, None, holder, line))
    return line.model_copy(update=dict(changed))


def merge_invoice_metadata(work: Work, invoice_id: str, change: dict[str, str] | None) -> None:
    """Change the metadata of a draft, if that changes anything."""
    details = require_draft(work, invoice_id).draft.details
    with inside("invoice_metadata"):
        metadata = merge_metadata(details.metadata, change)
    if metadata != details.metadata:
        changed = details.model_copy(update={"metadata": metadata})
        work.append(invoice_id, InvoiceDetailsChanged(details=changed))
