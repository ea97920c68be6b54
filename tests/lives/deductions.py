"""Discounts and taxes, for the independent biller: fractions, shared out by largest remainder."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from tests.lives.pricing import rounded

Line = dict[str, Any]
Rate = tuple[str, Fraction, bool]
Coupon = dict[str, Any]
"""`percent` as text, or `amount` in `currency`; `duration`, and `until` where it is repeating."""


def discounts(
    lines: Sequence[Line], coupons: Sequence[Coupon], currency: str
) -> list[dict[Any, int]]:
    """By how much each coupon lowers each line: first coupons of its own, then those of the
    invoice, which leave lines alone that have `own_only` and not the same coupon. Each takes its
    part of what is left."""
    left = [line["amount"] for line in lines]
    parts: list[dict[Any, int]] = [{} for _ in lines]
    of_all = [one["id"] for one in coupons]
    own = {one["id"]: one for line in lines for one in line.get("coupons", ())}
    chosen = [
        (one, [i for i, line in enumerate(lines) if one in line.get("coupons", ())])
        for one in own.values()
        if one["id"] not in of_all
    ]
    chosen += [
        (
            one,
            [
                i
                for i, line in enumerate(lines)
                if not line.get("own_only") or one in line.get("coupons", ())
            ],
        )
        for one in coupons
    ]
    for coupon, places in chosen:
        taken = _taken([left[i] for i in places], coupon, currency)
        for i, part in zip(places, taken, strict=True):
            left[i] -= part
            parts[i][coupon["id"]] = part
    return parts


def _taken(left: Sequence[int], coupon: Coupon, currency: str) -> list[int]:
    if coupon.get("percent") is not None:
        return shared([amount * Fraction(coupon["percent"]) / 100 for amount in left])
    above = sum(amount for amount in left if amount > 0)
    if coupon["currency"] != currency or not above:
        return [0 for _ in left]
    off = max(min(coupon["amount"], sum(left)), 0)
    return shared([Fraction(off * max(amount, 0), above) for amount in left])


def taxes(lines: Sequence[tuple[int, Sequence[Rate]]]) -> list[dict[Rate, int]]:
    """Taxes of each line, of which the net amount and the rates are given. A rate is (name, share
    of the net, is it inclusive)."""
    parts: list[dict[Rate, int]] = [dict.fromkeys(rates, 0) for _, rates in lines]
    nets = [
        Fraction(amount) / (1 + sum(share for _, share, within in rates if within))
        for amount, rates in lines
    ]
    cut = [
        sum(abs(int(net * share)) for _, share, within in rates if within)
        for net, (_, rates) in zip(nets, lines, strict=True)
    ]
    room = [abs(amount) - down for (amount, _), down in zip(lines, cut, strict=True)]
    for rate in dict.fromkeys(rate for _, rates in lines for rate in rates):
        _, share, within = rate
        places = [i for i, (_, rates) in enumerate(lines) if rate in rates]
        exact = [nets[i] * share for i in places]
        rounded_parts = shared(exact, [room[i] for i in places] if within else None)
        for i, part, share_of_line in zip(places, rounded_parts, exact, strict=True):
            parts[i][rate] = part
            room[i] -= abs(part) - abs(int(share_of_line)) if within else 0
    return parts


def shared(exact: Sequence[Fraction], room: Sequence[int] | None = None) -> list[int]:
    """Whole parts that sum up to the rounded sum: cut, then one unit to each that lost most."""
    parts = [int(share) for share in exact]
    missing = rounded(sum(exact, Fraction(0))) - sum(parts)
    sign = 1 if missing > 0 else -1
    order = sorted(range(len(parts)), key=lambda i: (-sign * (exact[i] - parts[i]), i))
    for i in order:
        lost = sign * (exact[i] - parts[i])
        if missing and lost > 0 and (room is None or room[i] > 0):
            parts[i] += sign
            missing -= sign
    return parts
