"""Invoice items that a preview asks for beside those that wait."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from ledger.coupons.commands import DiscountRequest
from ledger.coupons.redeeming import DiscountHolder, give_discounts
from ledger.invoices.events import DraftLine, InvoiceDrafted
from ledger.kernel.commands import Command
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.ids import derived_id
from ledger.kernel.money import check_amount
from ledger.kernel.periods import Period
from ledger.prices.commands import CreatePrice
from ledger.prices.handlers import create_price, require_price
from ledger.store.work import Work
from ledger.tax_rates.handlers import applicable_tax_rates


class PreviewedItem(Command):
    """What an item would bill: an amount, a quantity of a one-time price, or of a unit amount.

    With `item` it is one that waits; what is not set stays as it is.
    """

    item: str | None = None
    amount: int | None = None
    currency: str | None = None
    price: str | None = None
    price_data: CreatePrice | None = None
    unit_amount_decimal: str | None = None
    quantity: str | None = None
    period: Period | None = None
    description: str | None = None
    discountable: bool | None = None
    discounts: tuple[DiscountRequest, ...] | None = None
    tax_rates: tuple[str, ...] | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])


def with_items(work: Work, draft: InvoiceDrafted, items: Sequence[PreviewedItem]) -> InvoiceDrafted:
    """The draft with further items, and with those that wait as they might be.

    Raises InvalidRequest and NotFound, naming the item.
    """
    lines = list(draft.lines)
    for i, asked in enumerate(items):
        param = f"invoice_items[{i}]"
        if asked.currency not in (None, draft.currency):
            raise InvalidRequest(
                f"The invoice is in {draft.currency}, so that its items are.",
                param=f"{param}[currency]",
            )
        if asked.item is None:
            blank = DraftLine(
                id=derived_id("il", "upcoming", draft.customer, i),
                kind="invoice_item",
                invoice_item=derived_id("ii", "upcoming", draft.customer, i),
                period=Period(draft.created, draft.created),
            )
            lines.append(_changed(work, draft, blank, asked, param))
        else:
            at = next((k for k, line in enumerate(lines) if line.invoice_item == asked.item), None)
            if at is None:
                raise NotFound("invoiceitem", asked.item, param=f"{param}[invoiceitem]")
            lines[at] = _changed(work, draft, lines[at], asked, param)
    return draft.model_copy(update={"lines": tuple(lines)})


def _changed(
    work: Work, draft: InvoiceDrafted, line: DraftLine, asked: PreviewedItem, param: str
) -> DraftLine:
    given: dict[str, Any] = {
        name: getattr(asked, name)
        for name in ("period", "description", "metadata", "discountable", "tax_rates")
        if name in asked.model_fields_set
    }
    applicable_tax_rates(work, asked.tax_rates or (), param=f"{param}[tax_rates]")
    given |= _money(work, draft, line, asked, param)
    if asked.discounts is not None:
        holder = DiscountHolder(
            "invoice_item", line.id, draft.customer, draft.currency, draft.created
        )
        given["discounts"] = give_discounts(
            work, asked.discounts, holder, line.discounts, param=f"{param}[discounts]"
        )
    changed = line.model_copy(update=given)
    if changed.amount is None and changed.price is None and changed.unit_amount_decimal is None:
        raise InvalidRequest(
            f"Missing required param: {param}[amount].",
            param=f"{param}[amount]",
            code="parameter_missing",
        )
    if "discountable" not in given and asked.item is None and (changed.amount or 0) < 0:
        return changed.model_copy(update={"discountable": False})
    return changed


def _money(
    work: Work, draft: InvoiceDrafted, line: DraftLine, asked: PreviewedItem, param: str
) -> dict[str, Any]:
    """An amount, or a quantity of a price; what is asked for last takes the place of the other."""
    if asked.amount is not None:
        amount = check_amount(asked.amount, param=f"{param}[amount]")
        return {"amount": amount, "price": None, "unit_amount_decimal": None, "quantity": "1"}
    given: dict[str, Any] = {}
    if asked.quantity is not None or line.quantity is None:
        given["quantity"] = asked.quantity or "1"
    if asked.unit_amount_decimal is not None:
        return given | {
            "unit_amount_decimal": asked.unit_amount_decimal,
            "amount": None,
            "price": None,
        }
    if asked.price_data is not None:
        create_price(work, asked.price_data)
    price_id = asked.price_data.price if asked.price_data else asked.price
    if price_id is None:
        return given
    price = require_price(work, price_id, param=f"{param}[price]")
    if price.terms.recurring is not None:
        raise InvalidRequest(
            "The price specified is set to `type=recurring` but this field only accepts prices "
            "with `type=one_time`.",
            param=f"{param}[price]",
        )
    price.terms_in(draft.currency)
    return given | {"price": price_id, "product": price.product, "amount": None}
