"""How discounts lower the lines of an invoice: exact, and reconciling to the minor unit.

The lines' own discounts come first, in the order in which they first appear, then those of the
whole invoice; each takes its part of what the ones before it left. A percentage is taken of the
sum of its lines, also of those that give back, and rounded once; an amount off is never more than
its lines come to. Both are then shared out among the lines by largest remainder.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ledger.coupons.discounts import Discount
from ledger.coupons.terms import CouponTerms
from ledger.invoices.events import LineDiscount
from ledger.kernel.apportioning import apportion


@dataclass(frozen=True, slots=True)
class Discountable:
    """A rated line: its amount in minor units, what it sells, and the discounts of its own.

    With `own_only` no discounts of the whole invoice fall on it but those that it names itself.
    """

    amount: int
    product: str | None
    discountable: bool = True
    discounts: tuple[Discount, ...] = ()
    own_only: bool = False


def discount_lines(
    lines: Sequence[Discountable],
    invoice_discounts: Sequence[Discount],
    coupons: Mapping[str, CouponTerms],
    currency: str,
) -> list[tuple[LineDiscount, ...]]:
    """By how much each line is lowered, discount by discount, in the order of the lines.

    A discount is listed on every line that it falls on, also with 0. `coupons` are the terms by
    id, of deleted ones as well. An amount off falls only on lines above 0, and on none where the
    coupon has no amount in this currency.
    """
    left = [line.amount for line in lines]
    taken: list[list[LineDiscount]] = [[] for _ in lines]
    for discount, places in _in_order(lines, invoice_discounts):
        terms = coupons[discount.coupon]
        eligible = [i for i in places if _falls_on(terms, lines[i])]
        for i, amount in _shares(terms, eligible, left, currency):
            left[i] -= amount
            taken[i].append(LineDiscount(discount=discount.id, amount=amount))
    return [tuple(discounts) for discounts in taken]


def _in_order(
    lines: Sequence[Discountable], invoice_discounts: Sequence[Discount]
) -> Iterable[tuple[Discount, Sequence[int]]]:
    """Each discount with the places of the lines that have it, once: one that several lines share,
    as the segments of one item do, is of all of them, and one of the invoice is of every line."""
    of_all = {discount.id for discount in invoice_discounts}
    places: dict[str, list[int]] = {}
    own: dict[str, Discount] = {}
    for i, line in enumerate(lines):
        for discount in line.discounts:
            if discount.id not in of_all:
                own.setdefault(discount.id, discount)
                places.setdefault(discount.id, []).append(i)
    yield from ((discount, places[key]) for key, discount in own.items())
    for discount in invoice_discounts:
        yield discount, [i for i, line in enumerate(lines) if _takes(line, discount)]


def _takes(line: Discountable, discount: Discount) -> bool:
    """Whether a discount of the invoice is one of the line."""
    return not line.own_only or any(own.id == discount.id for own in line.discounts)


def _falls_on(terms: CouponTerms, line: Discountable) -> bool:
    return line.discountable and terms.applies_to(line.product)


def _shares(
    terms: CouponTerms, eligible: Sequence[int], left: Sequence[int], currency: str
) -> Iterable[tuple[int, int]]:
    fraction = terms.fraction_off
    if fraction is not None:
        return zip(eligible, apportion([left[i] * fraction for i in eligible]), strict=True)
    amount_off = terms.amount_off_in(currency)
    positive = [i for i in eligible if left[i] > 0]
    if amount_off is None or not positive:
        return ()
    total = max(min(amount_off, sum(left[i] for i in eligible)), 0)
    whole = sum(left[i] for i in positive)
    return zip(
        positive, apportion([Fraction(total * left[i], whole) for i in positive]), strict=True
    )
