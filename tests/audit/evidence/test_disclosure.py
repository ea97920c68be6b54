"""A pack holds nothing of other customers: not an id, a name, a payload or a request."""

import base64
import json
import secrets
from typing import Any

import pytest

from ledger.audit.evidence import verify
from ledger.audit.evidence.disclosure import Disclosure
from ledger.coupons.commands import CreateCoupon, DiscountRequest
from ledger.coupons.terms import CouponTerms
from ledger.customers.commands import CreateCustomer, UpdateCustomer
from ledger.customers.events import PersonalFields
from ledger.invoice_items.commands import ChargeRequest, CreateInvoiceItem
from ledger.kernel.clock import to_microseconds
from ledger.kernel.commands import Circumstances, Command, IdempotencyClaim
from ledger.kernel.events import Cause
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.validation import UsageReport
from ledger.prices.commands import CreatePrice
from ledger.prices.terms import PriceTerms, Recurring
from ledger.store.datastore import Datastore
from ledger.store.mapper import inflate
from ledger.test_clocks.commands import CreateTestClock
from tests.audit.evidence.conftest import shop_of_two
from tests.support.billing_ledger import at, subscription_request
from tests.support.evidence import Files, archived, packed, verdict
from tests.support.stored_ledger import StoredLedger


class Marked:
    """What others do, with marks of 128 bits wherever something of theirs is written."""

    def __init__(self, ledger: StoredLedger) -> None:
        self.ledger = ledger
        self.marks: list[str] = []

    def mark(self, prefix: str = "") -> str:
        self.marks.append(secrets.token_hex(16))
        return prefix + self.marks[-1]

    def circumstances(self) -> Circumstances:
        return Circumstances(
            now=self.ledger.now,
            actor=self.mark("key:"),
            correlation_id=self.mark("req_"),
            request_id=self.mark("req_"),
            idempotency=IdempotencyClaim(self.mark(), b"h"),
        )

    def do(self, command: Command) -> None:
        self.ledger.application.execute(command, self.circumstances())

    def customer(self, clock: str | None = None) -> str:
        customer = self.mark("cus_")
        personal = PersonalFields(
            name=self.mark("Name "),
            email=f"{self.mark()}@example.com",
            metadata={self.mark(): self.mark()},
        )
        self.do(CreateCustomer(customer=customer, personal=personal, test_clock=clock))
        return customer

    def report(self, customer: str, day: str) -> UsageReport:
        payload = {"stripe_customer_id": customer, "value": "3", self.mark(): self.mark()}
        cause = Cause(self.mark("req_"), self.mark(), self.mark("key:"))
        return UsageReport("tokens", self.mark(), payload, to_microseconds(at(day)), cause=cause)


@pytest.fixture
def busy(datastore: Datastore) -> tuple[Marked, str]:
    """Everything that customers share, used by several of them; and the invoice of `cus_a`."""
    ledger = shop_of_two(datastore)
    others = Marked(ledger)
    ledger.do(CreateCoupon(coupon="tenth", terms=CouponTerms(percent_off="10", duration="forever")))
    ledger.do(CreateTestClock(test_clock="clock_a", frozen_time=ledger.now))
    for number in range(3):
        other = others.customer("clock_a" if number == 1 else None)
        others.do(
            subscription_request(
                "price_tokens",
                subscription=others.mark("sub_"),
                customer=other,
                discounts=(DiscountRequest(id=others.mark("di_"), coupon="tenth"),),
            )
        )
        charge = ChargeRequest(amount=5, description=others.mark("For "))
        item = CreateInvoiceItem(
            item=others.mark("ii_"), customer=other, currency="usd", charge=charge
        )
        others.do(item)
        own = UsageReport(
            "tokens",
            f"own-{number}",
            {"stripe_customer_id": "cus_a", "value": "10", "model": "large"},
            to_microseconds(at("2026-01-31T10:00")),
            cause=Cause("req_own", None, None),
        )
        shared = [others.report(other, "2026-01-31T11:00") for _ in range(3)]
        ledger.record(*shared[:number], own, *shared[number:])
        cancelled = shared[0].identifier
        others.do(CancelMeterEvent(event_name="tokens", identifier=cancelled, reason=others.mark()))
    _other_price(others)
    personal = PersonalFields(name="Own Name")
    ledger.do(UpdateCustomer(customer="cus_a", personal=personal, metadata={}))
    invoice = ledger.close("2026-02-01")
    ledger.finalize(invoice, "2026-02-01T01:00")
    return others, invoice


def _other_price(others: Marked) -> None:
    """A price that was made for another customer, of the product that everyone buys."""
    terms = PriceTerms(
        currency="usd",
        unit_amount_decimal="7",
        recurring=Recurring(interval="month", usage_type="metered", meter="mtr_test_a"),
    )
    others.do(CreatePrice(price=others.mark("price_"), product="prod_a", terms=terms))


def everything_readable(files: Files) -> bytes:
    """The bytes of every file, also of what is encoded in them."""
    decoded = [
        base64.b64decode(proof)
        for line in files[verify.USAGE].splitlines()
        for proof in json.loads(line)["proof"]
    ]
    return b"\n".join([*files.values(), *decoded, archived(files)])


def test_nothing_of_other_customers_is_in_it(busy: tuple[Marked, str]) -> None:
    others, invoice = busy
    log = b"".join(
        inflate(one.state)
        for one in others.ledger.application.recorder.select_notifications(1, 10_000)
    )
    assert sum(mark.encode() in log for mark in others.marks) > 100
    files = packed(others.ledger.application, invoice)
    assert verdict(files) == []
    content = everything_readable(files)
    assert [mark for mark in others.marks if mark.encode() in content] == []
    assert b"cus_b" not in content
    assert content.count(b'"own-1"') > 0


def test_personal_details_are_in_it_as_they_are_stored(busy: tuple[Marked, str]) -> None:
    others, invoice = busy
    files = packed(others.ledger.application, invoice)
    assert b"Own Name" not in everything_readable(files)
    events = [json.loads(line) for line in files[verify.EVENTS].splitlines()]
    [changed] = [one for one in events if one["topic"].startswith("customer.details_changed")]
    assert "sealed" in json.loads(changed["state"])["data"]["personal"]


def test_what_it_does_not_show_is_named_by_its_digest(busy: tuple[Marked, str]) -> None:
    others, invoice = busy
    events = [
        json.loads(line)
        for line in packed(others.ledger.application, invoice)[verify.EVENTS].splitlines()
    ]
    withheld = {one["topic"] for one in events if "state" not in one}
    assert withheld == {"product.price_attached.v1"}
    shown = {one["topic"].split(".")[0] for one in events if "state" in one}
    assert shown >= {"customer", "invoice", "invoice_number", "meter", "price", "subscription"}


@pytest.mark.parametrize(
    ("stream", "topic", "state", "may"),
    [
        ("cus_a", "customer.created.v1", "{}", True),
        ("sub_a", "subscription.started.v3", '{"customer":"cus_a"}', True),
        ("sub_a", "subscription.details_changed.v3", '{"metadata":{"of":"cus_b"}}', False),
        ("in_a", "invoice.drafted.v3", '{"description":"see cus_b"}', True),
        ("price_a", "price.created.v3", '{"nickname":"focus_group"}', True),
        ("price_a", "price.created.v2", '{"nickname":"for cus_b"}', False),
        ("price_a", "price.created.v2", '{"nickname":"for cus_a2"}', False),
        ("clock_a", "test_clock.customer_placed.v1", '{"customer":"cus_a"}', False),
        ("redemptions:c", "coupon.redeemed.v1", '{"customer":"cus_a"}', False),
        ("x", "what_is_to_come.v1", "{}", False),
        ("x", "usage.rejected.v1", "{}", False),
    ],
)
def test_what_may_be_shown(stream: str, topic: str, state: str, may: Any) -> None:
    disclosure = Disclosure("cus_a", frozenset({"in_a"}))
    assert disclosure.may_show(stream, topic, state.encode()) is may
