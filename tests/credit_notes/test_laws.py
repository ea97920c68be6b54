"""Whatever is credited, paid and voided in whatever order, the sums agree to the minor unit."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.credit_notes.commands import IssueCreditNote, VoidCreditNote
from ledger.credit_notes.events import CreditNoteIssued
from ledger.credit_notes.sharing import discounted, left_to_credit, taxed
from ledger.customers.events import CustomerBalanceChanged
from ledger.invoices.commands import MarkInvoiceUncollectible, PayInvoice, VoidInvoice
from ledger.invoices.events import FinalLine
from ledger.kernel.commands import Command
from ledger.kernel.errors import LedgerError
from tests.credit_notes.credited_ledger import CreditedLedger, custom, line, of_invoice

CUSTOMER = "cus_law"


@st.composite
def invoice_lines(draw: st.DrawFn) -> list[FinalLine]:
    """Up to four lines, some of which give back, with discounts and taxes that they share."""
    lines: list[FinalLine] = []
    for index in range(draw(st.integers(1, 4))):
        amount = draw(st.integers(-500, 3000))
        sign = -1 if amount < 0 else 1
        off = sign * draw(st.integers(0, abs(amount)))
        net = amount - off
        tax = sign * draw(st.integers(0, abs(net) // 4))
        included = sign * draw(st.integers(0, abs(net) // 8))
        lines.append(
            line(
                f"il_{index}",
                amount,
                off={"di_1": off} if off else None,
                tax={"txr_a": tax} if tax else None,
                included={"txr_b": included} if included else None,
                quantity=str(draw(st.integers(1, 5))),
            )
        )
    return lines


STEPS = st.lists(
    st.one_of(
        st.builds(lambda share: ("amount", share), st.integers(1, 100)),
        st.builds(lambda n, share: ("line", n, share), st.integers(0, 3), st.integers(1, 100)),
        st.builds(lambda n, q: ("quantity", n, q), st.integers(0, 3), st.integers(1, 3)),
        st.builds(lambda cents: ("custom", cents), st.integers(1, 400)),
        st.builds(lambda n: ("void", n), st.integers(1, 6)),
        st.sampled_from([("pay",), ("uncollectible",), ("void invoice",)]),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(lines=invoice_lines(), balance=st.integers(-2000, 2000), steps=STEPS)
def test_the_sums_always_agree(
    lines: list[FinalLine], balance: int, steps: list[tuple[Any, ...]]
) -> None:
    ledger = CreditedLedger()
    ledger.customer(CUSTOMER, balance=balance)
    ledger.invoice_of(*lines, customer=CUSTOMER)
    for step in steps:
        _try(ledger, step, lines)
        _check(ledger, balance)
    _credit_the_rest(ledger)
    _check(ledger, balance)


def _try(ledger: CreditedLedger, step: tuple[Any, ...], lines: list[FinalLine]) -> None:
    """Take a step; many are refused, and a refused one leaves nothing behind."""
    command = _command(ledger, step, lines)
    try:
        if isinstance(command, IssueCreditNote):
            fields = command.model_dump(exclude={"credit_note", "invoice"}, exclude_unset=True)
            ledger.credit(**fields)
        else:
            ledger.do(command)
    except LedgerError:
        pass


def _command(ledger: CreditedLedger, step: tuple[Any, ...], lines: list[FinalLine]) -> Command:
    match step:
        case ("amount", share):
            amount = ledger.settled().creditable * share // 100
            return ledger.request(amount=amount, excess_to_balance=True)
        case ("line", n, share):
            of = lines[n % len(lines)]
            asked = of_invoice(of.id, amount=of.amount * share // 100)
            return ledger.request(lines=(asked,), excess_to_balance=True)
        case ("quantity", n, quantity):
            asked = of_invoice(lines[n % len(lines)].id, quantity=quantity)
            return ledger.request(lines=(asked,), excess_to_balance=True)
        case ("custom", cents):
            asked = custom(unit_amount=Decimal(cents))
            return ledger.request(lines=(asked,), excess_to_balance=True)
        case ("void", n):
            return VoidCreditNote(credit_note=f"cn_{n}")
        case ("pay",):
            return PayInvoice(invoice="in_1", paid_out_of_band=True)
        case ("uncollectible",):
            return MarkInvoiceUncollectible(invoice="in_1")
        case _:
            return VoidInvoice(invoice="in_1")


def _notes(ledger: CreditedLedger) -> dict[str, CreditNoteIssued]:
    """The notes that stand."""
    found: dict[str, CreditNoteIssued] = {}
    for credit in ledger.state().credits:
        [issued] = [e for e in ledger.stream(credit.credit_note) if isinstance(e, CreditNoteIssued)]
        assert (credit.pre_payment, credit.post_payment) == (
            issued.pre_payment,
            issued.post_payment,
        )
        if not credit.voided:
            found[credit.credit_note] = issued
    return found


def _check(ledger: CreditedLedger, balance: int) -> None:
    state, settled, notes = ledger.state(), ledger.settled(), _notes(ledger)
    assert state.final is not None
    assert settled.due == settled.credited + settled.paid + settled.remaining
    assert min(settled.due, settled.credited, settled.paid, settled.remaining) >= 0
    assert settled.credited == sum(note.pre_payment for note in notes.values())
    total = max(state.final.total, 0)
    assert settled.creditable == total - sum(note.total for note in notes.values())
    if state.status == "paid":
        assert settled.remaining == 0
    for note in notes.values():
        discounts = sum(discounted(one.discounts) for one in note.lines)
        taxes = sum(taxed(one.taxes, inclusive=False) for one in note.lines)
        assert note.subtotal == sum(one.amount for one in note.lines)
        assert note.total == note.subtotal - discounts + taxes
        assert note.total == note.pre_payment + note.credit_amount + note.out_of_band_amount
    _check_lines(ledger, state.final.lines)
    changes = [e for e in ledger.stream(CUSTOMER) if isinstance(e, CustomerBalanceChanged)]
    assert ledger.balance(CUSTOMER) == balance + sum(change.change for change in changes)


def _check_lines(ledger: CreditedLedger, lines: tuple[FinalLine, ...]) -> None:
    """Of no part of a line more is credited than there was."""
    credited = [one for note in _notes(ledger).values() for one in note.lines]
    for before, left in zip(lines, left_to_credit(lines, credited).values(), strict=True):
        whole = [before.amount, *(d.amount for d in before.discounts)]
        rest = [left.amount, *(d.amount for d in left.discounts)]
        whole += [tax.amount for tax in before.taxes]
        rest += [tax.amount for tax in left.taxes]
        for there_was, is_left in zip(whole, rest, strict=True):
            assert min(there_was, 0) <= is_left <= max(there_was, 0)


def _credit_the_rest(ledger: CreditedLedger) -> None:
    """Credit all that is left in one amount: of lines nothing is left but for custom credits."""
    rest = ledger.settled().creditable
    if ledger.state().status not in ("open", "paid", "uncollectible") or not rest:
        return
    ledger.credit(amount=rest, excess_to_balance=True)
    assert ledger.settled().creditable == 0
    notes = _notes(ledger).values()
    if all(one.kind == "invoice_line_item" for note in notes for one in note.lines):
        final = ledger.state().final
        assert final is not None
        credited = [one for note in notes for one in note.lines]
        for left in left_to_credit(final.lines, credited).values():
            assert (left.amount, left.total) == (0, 0)
