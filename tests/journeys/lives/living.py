"""One customer's life on a test clock, through the official client, and what holds after it."""

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import httpx
from stripe import Invoice, InvoiceLineItem, Price, StripeClient, Subscription, SubscriptionItem

from tests.support.sdk import HOUR, Shop

_NOTICED_WITHIN_SECONDS = 60.0

Amounts = list[tuple[str, int]]
"""(quantity, amount) of each line, in the invoice's order."""


class Billed(NamedTuple):
    """What an invoice bills, and a preview of it promised."""

    total: int
    amount_due: int
    lines: list[tuple[Any, ...]]


@dataclass
class Life:
    """A customer who lives alone on a clock, with one subscription at a time.

    `http` is for the routes that the official client does not know.
    """

    shop: Shop
    http: httpx.Client
    customer: str
    subscription: str = ""

    @classmethod
    def begin(cls, client: StripeClient, http: httpx.Client, now: int, **customer: Any) -> "Life":
        """A life that begins at a time; `customer` are details of who lives it."""
        shop = Shop.open(client, now)
        return cls(shop, http, shop.customer(**customer).id)

    @property
    def client(self) -> StripeClient:
        return self.shop.client

    def usage_price(self, cents: str | None = "1", **terms: Any) -> Price:
        """A metered price for a month of the shop's meter, per unit unless it has tiers."""
        recurring = {"interval": "month", "usage_type": "metered", "meter": self.shop.meter.id}
        parameters: Any = {
            "currency": "usd",
            "recurring": recurring,
            "product_data": {"name": "Tokens"},
            **({} if cents is None else {"unit_amount_decimal": Decimal(cents)}),
            **terms,
        }
        return self.client.v1.prices.create(parameters)

    def use(self, value: int | str, at: int | None = None) -> None:
        """Report usage, now on the clock or at a time."""
        self.shop.use(self.customer, value, at)

    def subscribe(self, *prices: Price, **details: Any) -> Subscription:
        """Subscribe to prices; this is the subscription of the life from now on."""
        made = self.shop.subscribe(self.customer, *prices, **details)
        self.subscription = made.id
        return made

    def change(self, *items: dict[str, Any], **details: Any) -> Subscription:
        """Change items and details of the subscription."""
        parameters: Any = {**({"items": list(items)} if items else {}), **details}
        return self.client.v1.subscriptions.update(self.subscription, parameters)

    def item(self, price: Price) -> SubscriptionItem:
        """The item of a price."""
        parameters: Any = {"subscription": self.subscription, "limit": 100}
        items = self.client.v1.subscription_items.list(parameters).data
        return next(item for item in items if item.price.id == price.id)

    def advance(self, to: int) -> None:
        """Let time pass until everything due by then is done."""
        self.shop.advance(to)

    def preview(self, **asked: Any) -> Invoice:
        """The invoice to come."""
        parameters: Any = {"subscription": self.subscription, **asked}
        return self.client.v1.invoices.create_preview(parameters)

    def close(self, boundary: int) -> Invoice:
        """Live to a period's end and an hour on: the one invoice of it, as it was previewed."""
        before, known = self.preview(), len(self.invoices())
        self.advance(boundary + HOUR)
        invoices = self.invoices()
        assert len(invoices) == known + 1, [one.billing_reason for one in invoices]
        made = invoices[-1]
        assert (made.status, made.created) == ("open" if made.amount_due else "paid", boundary)
        promised, billed = self.billed(before), self.billed(made)
        assert promised == billed, (promised, billed)
        return made

    def invoices(self) -> list[Invoice]:
        """All invoices, oldest first."""
        return self.shop.invoices(self.customer)

    def expect(self, count: int) -> list[Invoice]:
        """All invoices as soon as there are so many, where one comes of usage and not of time."""
        deadline = time.monotonic() + _NOTICED_WITHIN_SECONDS
        while len(found := self.invoices()) < count:
            assert time.monotonic() < deadline, f"there are {len(found)} invoices, not {count}"
            time.sleep(0.05)
        return found

    def lines(self, invoice: Invoice) -> list[InvoiceLineItem]:
        """All lines of an invoice, also where it shows only the first."""
        if not invoice.lines.has_more:
            return invoice.lines.data
        return self.client.v1.invoices.line_items.list(invoice.id, {"limit": 100}).data

    def amounts(self, invoice: Invoice) -> Amounts:
        """(quantity, amount) of each line."""
        return [(str(line.quantity_decimal), line.amount) for line in self.lines(invoice)]

    def billed(self, invoice: Invoice) -> Billed:
        """What an invoice, or a preview of one, bills."""
        lines = [
            (
                line.description,
                (line.period.start, line.period.end),
                str(line.quantity_decimal),
                line.amount,
                [(one.discount, one.amount) for one in line.discount_amounts or []],
                [(tax.amount, tax.taxable_amount) for tax in line.taxes or []],
            )
            for line in self.lines(invoice)
        ]
        return Billed(invoice.total, invoice.amount_due, lines)

    def balance(self) -> int:
        """What the customer owes beside invoices; below 0 it is credit."""
        return self.client.v1.customers.retrieve(self.customer).balance or 0

    def asked(self, path: str) -> dict[str, Any]:
        """What an audit route answers."""
        answer = self.http.get(path)
        answer.raise_for_status()
        return answer.json()

    def settled(self, count: int) -> list[dict[str, Any]]:
        """The adjustments of finalized invoices by late usage, oldest first, as soon as there are
        so many."""
        deadline = time.monotonic() + _NOTICED_WITHIN_SECONDS
        path = f"/audit/v1/late_usage?customer={self.customer}"
        while len(found := self.asked(path)["data"]) < count:
            assert time.monotonic() < deadline, "late usage is not settled"
            time.sleep(0.05)
        return found[::-1]

    def unbilled(self) -> dict[str, int]:
        """How many meter events no invoice bills or will, by reason."""
        check = self.asked("/audit/v1/ledger/check")
        [usage] = [one for one in check["identities"] if one["name"] == "usage_events"]
        told = "not billed: "
        return {
            what.removeprefix(told): count
            for what, count in usage["counts"].items()
            if what.startswith(told)
        }

    def holds(self) -> None:
        """Every invoice adds up and replays equal, and every sum of the ledger holds."""
        for invoice in self.invoices():
            self._adds_up(invoice)
            if invoice.status != "draft":
                replay = self.asked(f"/audit/v1/invoices/{invoice.id}/replay")
                assert replay["equal"], replay["differences"]
        check = self.asked("/audit/v1/ledger/check")
        broken = [one for one in check["identities"] if not one["holds"]]
        assert not broken, broken

    def _adds_up(self, invoice: Invoice) -> None:
        """The subtotal has the discounts of lines in it, those of the whole invoice not yet."""
        lines = self.lines(invoice)
        discounts = [one for line in lines for one in line.discount_amounts or []]
        of_all = {str(one) for one in invoice.discounts}
        of_lines = sum(one.amount for one in discounts if str(one.discount) not in of_all)
        taken_off = sum(one.amount for one in discounts)
        taxes = [tax for line in lines for tax in line.taxes or []]
        exclusive = sum(tax.amount for tax in taxes if tax.tax_behavior == "exclusive")
        charged = sum(line.amount for line in lines)
        assert invoice.subtotal == charged - of_lines, (invoice.subtotal, charged, of_lines)
        assert invoice.total == charged - taken_off + exclusive
        assert taken_off == sum(one.amount for one in invoice.total_discount_amounts or [])
        assert sum(tax.amount for tax in taxes) == sum(
            tax.amount for tax in invoice.total_taxes or []
        )
        assert invoice.amount_due == invoice.amount_paid + invoice.amount_remaining
        if invoice.status in ("open", "paid"):
            owed = invoice.total + invoice.starting_balance - (invoice.ending_balance or 0)
            assert owed == invoice.amount_due + invoice.pre_payment_credit_notes_amount
