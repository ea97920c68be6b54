"""The lines of a credit note, from what was asked and what is left of its invoice."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from ledger.credit_notes.commands import CreditLine, IssueCreditNote
from ledger.credit_notes.events import CreditNoteLine
from ledger.credit_notes.sharing import Share, share_lines, share_total
from ledger.customers.events import TaxExempt
from ledger.invoices.events import FinalLine, LineTax
from ledger.invoices.taxing import Taxable, tax_lines
from ledger.kernel.apportioning import round_fraction
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.ids import derived_id
from ledger.kernel.metadata import merge_metadata
from ledger.kernel.money import check_amount
from ledger.kernel.quantities import decimal_text
from ledger.tax_rates.terms import TaxRateTerms

Left = Mapping[str, Share]
TaxesOf = Callable[[Sequence[Taxable]], list[tuple[LineTax, ...]]]


def taxes_of(rates: Mapping[str, TaxRateTerms], exempt: TaxExempt) -> TaxesOf:
    """Taxes custom lines as the lines of an invoice would be."""
    return lambda lines: tax_lines(lines, rates, exempt)


def of_total(command: IssueCreditNote, total: int, left: Left) -> list[CreditNoteLine]:
    """A note of an amount: its share of every line."""
    shares = share_total(total, list(left.values()))
    return [_of_invoice(command, index, share) for index, share in enumerate(shares)]


def of_lines(
    command: IssueCreditNote, left: Left, final: Sequence[FinalLine], taxes: TaxesOf
) -> list[CreditNoteLine]:
    """A note of lines, in their order. Raises InvalidRequest and NotFound for bad ones."""
    whole = {line.id: line for line in final}
    _check_lines(command.lines, whole)
    asked = [
        (left[line.invoice_line_item], _amount_of(index, line, left, whole))
        for index, line in enumerate(command.lines)
        if line.invoice_line_item is not None
    ]
    custom = [
        Taxable(_custom_amount(index, line), line.tax_rates)
        for index, line in enumerate(command.lines)
        if line.kind == "custom_line_item"
    ]
    shares, taxed = iter(share_lines(asked)), iter(zip(custom, taxes(custom), strict=True))
    return [
        _of_invoice(command, index, next(shares), line)
        if line.kind == "invoice_line_item"
        else _custom(command, index, line, *next(taxed))
        for index, line in enumerate(command.lines)
    ]


def _check_lines(lines: Sequence[CreditLine], whole: Mapping[str, FinalLine]) -> None:
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if line.kind == "custom_line_item":
            continue
        param, of_invoice = f"lines[{index}][invoice_line_item]", line.invoice_line_item
        if of_invoice is None:
            raise _missing(param)
        if of_invoice not in whole:
            raise NotFound("invoice line item", of_invoice, param=param)
        if of_invoice in seen:
            raise InvalidRequest("An invoice line is credited once in a credit note.", param=param)
        seen.add(of_invoice)


def _amount_of(index: int, line: CreditLine, left: Left, whole: Mapping[str, FinalLine]) -> int:
    """What is credited of an invoice line, before discounts and exclusive taxes."""
    share, final = left[line.invoice_line_item or ""], whole[line.invoice_line_item or ""]
    if line.amount is not None:
        amount, param = line.amount, f"lines[{index}][amount]"
    elif line.quantity is not None:
        amount, param = _part_of(line.quantity, final), f"lines[{index}][quantity]"
    else:
        raise _missing(f"lines[{index}][amount]")
    if amount < 1:
        raise InvalidRequest(
            "A line must be credited by at least 1 minor unit.",
            code="amount_too_small",
            param=param,
        )
    if amount > share.amount:
        raise InvalidRequest(
            f"Of this invoice line {max(share.amount, 0)} minor units are left to credit, and not "
            f"{amount}.",
            code="amount_too_large",
            param=param,
        )
    return amount


def _part_of(quantity: int, line: FinalLine) -> int:
    whole = Fraction(Decimal(line.quantity))
    return round_fraction(line.amount * Fraction(quantity) / whole) if whole else 0


def _custom_amount(index: int, line: CreditLine) -> int:
    if line.unit_amount is None:
        raise _missing(f"lines[{index}][unit_amount]")
    param = f"lines[{index}][unit_amount]"
    exact = Fraction(line.unit_amount) * (1 if line.quantity is None else line.quantity)
    amount = check_amount(round_fraction(exact), param=param)
    if amount < 1:
        raise InvalidRequest(
            "A line must be credited by at least 1 minor unit.",
            code="amount_too_small",
            param=param,
        )
    return amount


def _of_invoice(
    command: IssueCreditNote, index: int, share: Share, asked: CreditLine | None = None
) -> CreditNoteLine:
    return CreditNoteLine(
        id=derived_id("cnli", command.credit_note, index),
        kind="invoice_line_item",
        invoice_line_item=share.line,
        amount=share.amount,
        quantity=asked.quantity if asked else None,
        unit_amount_decimal=None,
        description=asked.description if asked else None,
        metadata=_metadata(index, asked) if asked else {},
        discounts=share.discounts,
        taxes=share.taxes,
    )


def _custom(
    command: IssueCreditNote,
    index: int,
    line: CreditLine,
    taxable: Taxable,
    taxes: tuple[LineTax, ...],
) -> CreditNoteLine:
    return CreditNoteLine(
        id=derived_id("cnli", command.credit_note, index),
        kind="custom_line_item",
        invoice_line_item=None,
        amount=taxable.amount,
        quantity=1 if line.quantity is None else line.quantity,
        unit_amount_decimal=decimal_text(line.unit_amount or Decimal(0)),
        description=line.description,
        metadata=_metadata(index, line),
        discounts=(),
        taxes=taxes,
    )


def _metadata(index: int, line: CreditLine) -> dict[str, str]:
    return merge_metadata({}, line.metadata, param=f"lines[{index}][metadata]")


def _missing(param: str) -> InvalidRequest:
    return InvalidRequest(
        f"Missing required param: {param}.", code="parameter_missing", param=param
    )
