"""A ledger with something of everything that is stored: every kind of meter, invoices, late usage,
cancellations, refusals, single events that were let go. Its read models have
followed it to the end."""

from dataclasses import replace
from typing import Final

from api.audit.checkpoints import sign_checkpoint
from api.audit.signing_key import Signer
from api.services import Services
from ledger.audit.merkle.notes import SigningKey
from ledger.coupons.commands import CreateCoupon
from ledger.coupons.terms import CouponTerms
from ledger.credit_notes.commands import IssueCreditNote
from ledger.customers.commands import ChangeCustomerBalance, CreateCustomer, UpdateCustomer
from ledger.customers.events import PersonalFields
from ledger.invoice_items.commands import ChargeRequest, CreateInvoiceItem
from ledger.invoices.commands import PayInvoice
from ledger.kernel.clock import to_microseconds
from ledger.kernel.commands import IdempotencyClaim, LedgerIdentity
from ledger.kernel.months import Month
from ledger.meter_events.commands import ChangeUsageRetention, ReportRejectedUsage
from ledger.meter_events.events import RejectedSample
from ledger.meter_events.validation import UsageReport
from ledger.meters.commands import CreateMeter
from ledger.tax_rates.commands import CreateTaxRate
from ledger.tax_rates.events import TaxRateDetails
from ledger.tax_rates.terms import TaxRateTerms
from ledger.test_clocks.commands import CreateTestClock
from tests.support.billing_ledger import at
from tests.support.late_ledger import LateLedger

BUSY_EVENTS: Final = 260
"""Events within an hour of February: enough to roll it up by minute."""

METERS: Final = {
    "calls": CreateMeter(
        meter="mtr_test_calls",
        display_name="Calls",
        event_name="calls",
        formula="max",
        dimension_payload_keys=("model",),
    ),
    "seats": CreateMeter(
        meter="mtr_test_seats",
        display_name="Seats",
        event_name="seats",
        formula="last",
    ),
    "storage": CreateMeter(
        meter="mtr_test_storage",
        display_name="Storage",
        event_name="storage",
        formula="sum",
        event_time_window="day",
    ),
    "users": CreateMeter(
        meter="mtr_test_users",
        display_name="Users",
        event_name="users",
        formula="unique_count",
    ),
}


SIGNING_KEY: Final = SigningKey(bytes(range(32)))
"""Signs the checkpoints of every ledger that is played."""


def play(
    services: Services, ledger_id: int, *, late_value: str = "100", to_the_end: bool = True
) -> LateLedger:
    """Play it in a ledger of its own. What came late for January may be another value, and the
    last events may never have been."""
    late = LateLedger(services, ledger_id)
    late.sell()
    _catalogue(late)
    late.stored.do(UpdateCustomer(customer="cus_a", balance=-5))
    january = late.january("price_tokens", "price_seat")
    late.stored.do(PayInvoice(invoice=january, paid_out_of_band=True))
    credit = IssueCreditNote(
        credit_note="cn_a", invoice=january, amount=100, excess_to_balance=True
    )
    late.stored.do(credit)
    services.projector.catch_up()
    late.use("e-2", "2026-01-20", late_value)
    services.projector.catch_up()
    late.settle()
    _usage(late)
    late.cancel("busy-7")
    late.cancel("model-3")
    late.use("e-9", "2026-02-11", "1")
    late.stored.do(ChangeUsageRetention(kept_from=Month(2026, 2)))
    late.cancel("e-2")
    sign(late)
    if to_the_end:
        late.use("e-10", "2026-02-11", "1")
        sign(late)
    services.projector.catch_up()
    return late


def sign(late: LateLedger) -> None:
    """Sign a checkpoint of the log as it is."""
    late.services.projector.catch_up()
    identity = LedgerIdentity(late.ledger_id, "acct_1", False)
    signer = Signer(SIGNING_KEY, given=True)
    assert sign_checkpoint(late.services, identity, signer, late.stored.now, "system:test")


def _catalogue(late: LateLedger) -> None:
    for meter in METERS.values():
        late.stored.do(meter)
    personal = PersonalFields(name="Ada", email="ada@example.com")
    asked = replace(late.stored.circumstances(), idempotency=IdempotencyClaim("key-1", bytes(32)))
    late.stored.application.execute(CreateCustomer(customer="cus_b", personal=personal), asked)
    late.stored.do(CreateCoupon(coupon="welcome", terms=_terms()))
    late.stored.do(
        CreateTaxRate(
            tax_rate="txr_a",
            terms=TaxRateTerms(percentage="19", inclusive=False),
            details=TaxRateDetails(display_name="VAT"),
        )
    )
    late.stored.do(CreateTestClock(test_clock="clock_a", frozen_time=at("2026-01-01")))
    balance = ChangeCustomerBalance(
        customer="cus_b", transaction="cbtxn_a", amount=-500, currency="usd"
    )
    late.stored.do(balance)
    item = CreateInvoiceItem(
        item="ii_a", charge=ChargeRequest(amount=250), customer="cus_b", currency="usd"
    )
    late.stored.do(item)
    refused = RejectedSample(line=3, code="invalid", reason="no such customer", identifier="x-1")
    report = ReportRejectedUsage(
        report="rej_a", door="bulk", counts={"invalid": 1}, samples=(refused,)
    )
    late.stored.do(report)


def _terms() -> CouponTerms:
    return CouponTerms(percent_off="20", duration="once")


def _usage(late: LateLedger) -> None:
    """A busy hour, and some usage of every other meter."""
    start = to_microseconds(at("2026-02-10"))
    busy = [
        _report("tokens", f"busy-{n}", start + n * 10_000_000, "3.5") for n in range(BUSY_EVENTS)
    ]
    models = [
        _report("calls", f"model-{n}", start + n * 3_000_000_000, str(n), model=f"m{n % 3}")
        for n in range(12)
    ]
    others = [
        _report(name, f"{name}-{n}", start + n * 7_000_000_000, str(10 - n))
        for name in ("seats", "storage", "users")
        for n in range(8)
    ]
    late.stored.now = at("2026-02-12")
    for reports in (busy[:100], busy[100:] + models, others):
        late.stored.record(*reports)


def _report(name: str, identifier: str, timestamp: int, value: str, **payload: str) -> UsageReport:
    said = {"stripe_customer_id": "cus_a", "value": value, **payload}
    return UsageReport(name, identifier, said, timestamp, None)
