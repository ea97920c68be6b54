"""What is left to credit of an invoice's lines, and how a credit is shared among them.

Everything is a share of what is left: a line's amount, each of its discounts, each of its taxes. So
notes that credit all there is give back every part to the minor unit, however they were cut.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ledger.credit_notes.events import CreditNoteLine
from ledger.invoices.events import FinalLine, LineDiscount, LineTax
from ledger.kernel.apportioning import apportion, apportion_by

Parts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of an invoice line, or all that is left of it: `amount` is before the rest."""

    line: str
    amount: int
    discounts: tuple[LineDiscount, ...] = ()
    taxes: tuple[LineTax, ...] = ()

    @property
    def total(self) -> int:
        """What it comes to, less discounts and with exclusive taxes."""
        return self.amount - discounted(self.discounts) + taxed(self.taxes, inclusive=False)


def discounted(discounts: Iterable[LineDiscount]) -> int:
    """The sum of discounts."""
    return sum(discount.amount for discount in discounts)


def taxed(taxes: Iterable[LineTax], *, inclusive: bool) -> int:
    """The sum of inclusive or of exclusive taxes."""
    return sum(tax.amount for tax in taxes if tax.inclusive == inclusive)


def left_to_credit(
    lines: Sequence[FinalLine], credited: Sequence[CreditNoteLine]
) -> dict[str, Share]:
    """What the notes that stand have left of each line of an invoice, in the invoice's order."""
    left = {line.id: Share(line.id, line.amount, line.discounts, line.taxes) for line in lines}
    for credit in credited:
        if credit.invoice_line_item is not None:
            left[credit.invoice_line_item] = _less(left[credit.invoice_line_item], credit)
    return left


def _less(share: Share, credit: CreditNoteLine) -> Share:
    discounts = {discount.discount: discount.amount for discount in credit.discounts}
    taxes = {tax.tax_rate: tax.amount for tax in credit.taxes}
    return _with_parts(
        share,
        share.amount - credit.amount,
        {d.discount: d.amount - discounts.get(d.discount, 0) for d in share.discounts},
        {t.tax_rate: t.amount - taxes.get(t.tax_rate, 0) for t in share.taxes},
    )


def share_total(total: int, left: Sequence[Share]) -> list[Share]:
    """A credit of so much in all, over all lines in proportion to what is left of them.

    It must not exceed that. Lines that no minor unit falls on are left out.
    """
    whole = sum(line.total for line in left)
    weights = [weight for line in left for weight in _weights(line)]
    shares = iter(apportion_by(total, weights))
    ratios = [Fraction(total, whole)] * len(left)
    inclusive = _shared([_taxes(line, inclusive=True) for line in left], ratios)
    parts = [
        _with_parts(
            line,
            next(shares),
            {discount.discount: -next(shares) for discount in line.discounts},
            {key: next(shares) for key in _taxes(line, inclusive=False)} | included,
        )
        for line, included in zip(left, inclusive, strict=True)
    ]
    return [part for part in parts if part.amount or part.total]


def _weights(line: Share) -> list[int]:
    exclusive = _taxes(line, inclusive=False).values()
    return [line.amount, *(-discount.amount for discount in line.discounts), *exclusive]


def share_lines(asked: Sequence[tuple[Share, int]]) -> list[Share]:
    """Of each line an amount before discounts and exclusive taxes, which go along with it.

    An amount must be of the line's sign and not beyond it.
    """
    lines = [line for line, _ in asked]
    ratios = [Fraction(amount, line.amount) for line, amount in asked]
    discounts = _shared([{d.discount: d.amount for d in line.discounts} for line in lines], ratios)
    taxes = _shared([{t.tax_rate: t.amount for t in line.taxes} for line in lines], ratios)
    return [
        _with_parts(line, amount, discounts[i], taxes[i]) for i, (line, amount) in enumerate(asked)
    ]


def _shared(parts: Sequence[Parts], ratios: Sequence[Fraction]) -> list[dict[str, int]]:
    """Shares of the parts, rounded once for all that have the same name."""
    shares: list[dict[str, int]] = [{} for _ in parts]
    for name in dict.fromkeys(name for of_line in parts for name in of_line):
        places = [i for i, of_line in enumerate(parts) if name in of_line]
        exact = [parts[i][name] * ratios[i] for i in places]
        for i, amount in zip(places, apportion(exact), strict=True):
            shares[i][name] = amount
    return shares


def _taxes(line: Share, *, inclusive: bool) -> dict[str, int]:
    return {tax.tax_rate: tax.amount for tax in line.taxes if tax.inclusive == inclusive}


def _with_parts(line: Share, amount: int, discounts: Parts, taxes: Parts) -> Share:
    """The line with other amounts. What was not taxable before is not now."""
    included = sum(taxes[tax.tax_rate] for tax in line.taxes if tax.inclusive)
    net = amount - sum(discounts.values()) - included
    return replace(
        line,
        amount=amount,
        discounts=tuple(
            LineDiscount(discount=d.discount, amount=discounts[d.discount]) for d in line.discounts
        ),
        taxes=tuple(
            tax.model_copy(
                update={
                    "amount": taxes[tax.tax_rate],
                    "taxable_amount": net if tax.taxable_amount else 0,
                }
            )
            for tax in line.taxes
        ),
    )
