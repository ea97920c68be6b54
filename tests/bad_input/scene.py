"""What a refused request meets: a small ledger with one of each, and a second one beside it."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from string import Template
from typing import Any, NamedTuple

import httpx
from stripe.billing import Meter

from ledger.kernel.ids import new_id
from tests.support.sdk import DAY, HOUR, Shop, at
from tests.support.served import Served

JANUARY, FEBRUARY = at("2024-01-01"), at("2024-02-01")


class Refused(NamedTuple):
    """A request and its refusal.

    `request` is method and path; `fields` is the body as it is sent, or the query of a GET and
    DELETE. `$names` in both stand for what the scene has.
    """

    request: str
    fields: str | bytes
    message: str
    param: str | None = None
    code: str | None = None
    status: int = 400
    type: str = "invalid_request_error"


@dataclass(frozen=True)
class Scene:
    served: Served
    http: httpx.Client
    names: dict[str, str]
    ledger_id: int

    def filled(self, text: str) -> str:
        """A text with the scene's names in it."""
        return Template(text).substitute(self.names)

    def send(self, request: str, fields: str | bytes, **headers: str) -> httpx.Response:
        """Send a request exactly as it is written."""
        method, _, path = self.filled(request).partition(" ")
        if isinstance(fields, str):
            fields = self.filled(fields).encode()
        if method in ("GET", "DELETE"):
            url = httpx.URL(path, query=fields) if fields else path
            return self.http.request(method, url, headers=headers)
        kind = "application/json" if path.startswith("/v2") else "application/x-www-form-urlencoded"
        return self.http.request(
            method, path, content=fields, headers={"Content-Type": kind, **headers}
        )

    def head(self) -> int:
        return self.served.head(self.ledger_id)


@contextmanager
def setting(served: Served) -> Generator[Scene]:
    """The scene, with ids under the names that the tables use."""
    key, stranger = served.new_key().key, served.new_key().key
    shop = Shop.open(served.client(key), JANUARY)
    other = Shop.open(served.client(stranger), JANUARY)
    names = {**_at_home(shop), **_abroad(other), **_TEXTS}
    with served.http(key) as http:
        yield Scene(served, http, names, served.ledger_of(key))


_TEXTS = {
    "now": str(FEBRUARY),
    "too_old": str(FEBRUARY - 35 * DAY - HOUR),
    "too_late": str(FEBRUARY + HOUR),
    "long": "x" * 300,
    "long_key": "x" * 41,
    "deep": "[a]" * 9,
}


def _at_home(shop: Shop) -> dict[str, str]:
    client = shop.client.v1
    customer, seated, gone = shop.customer(name="Ann").id, shop.customer().id, shop.customer().id
    subscription = shop.subscribe(customer, shop.price, shop.seat())
    identifier = new_id("e")
    shop.use(customer, 1, identifier=identifier)
    shop.subscribe(seated, shop.seat())
    [unpaid] = shop.invoices(seated)
    shop.advance(FEBRUARY)
    first, draft = shop.invoices(customer)
    client.invoices.void_invoice(first.id)
    client.customers.delete(gone)
    inactive = _inactive_meter(shop)
    items = subscription["items"].data
    return {
        **_deductions(shop, customer),
        **_by_hand(shop, customer, seated),
        "meter": shop.meter.id,
        "event": shop.meter.event_name,
        "inactive_meter": inactive.id,
        "inactive_event": inactive.event_name,
        "price": shop.price.id,
        "seat": items[1].price.id,
        "product": str(shop.price.product),
        "customer": customer,
        "gone": gone,
        "subscription": subscription.id,
        "item": items[0].id,
        "draft": draft.id,
        "draft_line": draft.lines.data[0].id,
        "void": first.id,
        "open": unpaid.id,
        "clock": shop.clock.id,
        "used": identifier,
    }


def _deductions(shop: Shop, customer: str) -> dict[str, str]:
    """Coupons and tax rates that can be applied, and some that cannot."""
    client = shop.client.v1
    used_up = client.coupons.create({"percent_off": 5, "max_redemptions": 1}).id
    shop.subscribe(customer, shop.seat(), discounts=[{"coupon": used_up}])
    rate: Any = {"display_name": "VAT", "inclusive": False, "percentage": 5}
    old: Any = {**rate, "active": False}
    return {
        "coupon": client.coupons.create({"percent_off": 5}).id,
        "yen": client.coupons.create({"amount_off": 5, "currency": "jpy"}).id,
        "used_up": used_up,
        "tax_rate": client.tax_rates.create(rate).id,
        "old_rate": client.tax_rates.create(old).id,
    }


def _by_hand(shop: Shop, customer: str, other: str) -> dict[str, str]:
    """Invoices and items that nobody's subscription made."""
    client = shop.client.v1

    def invoice(of: str = customer) -> str:
        return client.invoices.create({"customer": of}).id

    def item(of: str = customer, amount: int = 1, **fields: Any) -> str:
        parameters: Any = {"customer": of, "amount": amount, "currency": "usd", **fields}
        return client.invoice_items.create(parameters).id

    issued, deleted, huge, full = invoice(), invoice(), invoice(), invoice()
    frozen = item(invoice=issued)
    client.invoices.finalize_invoice(issued)
    client.invoices.delete(deleted)
    for _ in range(2):
        item(amount=2**63 - 1, invoice=huge)
    client.invoices.add_lines(full, {"lines": [{"amount": 1}] * 250})
    archived = shop.seat(recurring=None)
    client.prices.update(archived.id, {"active": False})
    return {
        "manual": invoice(),
        "other_manual": invoice(other),
        "deleted": deleted,
        "huge": huge,
        "full": full,
        "waiting": item(),
        "other_waiting": item(other),
        "frozen": frozen,
        "once": shop.seat(recurring=None).id,
        "once_eur": shop.seat(recurring=None, currency="eur").id,
        "archived": archived.id,
        "other_subscription": client.subscriptions.list({"customer": other}).data[0].id,
    }


def _inactive_meter(shop: Shop) -> Meter:
    meters = shop.client.v1.billing.meters
    name = new_id("use")
    meter = meters.create(
        {"display_name": "Old", "event_name": name, "default_aggregation": {"formula": "sum"}}
    )
    return meters.deactivate(meter.id)


def _abroad(shop: Shop) -> dict[str, str]:
    customer = shop.customer().id
    subscription = shop.subscribe(customer, shop.seat())
    [invoice] = shop.invoices(customer)
    waiting = shop.client.v1.invoice_items.create({"customer": customer, "amount": 1})
    return {
        "foreign_waiting": waiting.id,
        "foreign_meter": shop.meter.id,
        "foreign_event": shop.meter.event_name,
        "foreign_price": shop.price.id,
        "foreign_product": str(shop.price.product),
        "foreign_customer": customer,
        "foreign_subscription": subscription.id,
        "foreign_item": subscription["items"].data[0].id,
        "foreign_invoice": invoice.id,
        "foreign_clock": shop.clock.id,
        "foreign_coupon": shop.client.v1.coupons.create({"percent_off": 5}).id,
        "foreign_rate": shop.client.v1.tax_rates.create(
            {"display_name": "VAT", "inclusive": True, "percentage": 5}
        ).id,
    }
