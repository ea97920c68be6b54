"""What an invoice item bills, decided from what was asked: pure functions (contract §9)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ledger.coupons.discounts import Discount
from ledger.invoice_items.charges import Charge
from ledger.invoice_items.commands import ChargeRequest
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.metadata import merge_metadata
from ledger.kernel.money import check_amount
from ledger.kernel.periods import Period
from ledger.prices.aggregate import Price
from ledger.prices.terms import PriceTerms
from ledger.rating.rate import rate

DEFAULT_CURRENCY: Final = "usd"
"""What is billed in where nothing says otherwise: neither the request nor what it names."""

_WAYS: Final = ("amount", "price", "unit_amount_decimal")
_PARAM_OF: Final = {"price": "pricing[price]"}
_CARRIED: Final = frozenset({"description", "discountable", "period", "tax_rates"})


@dataclass(frozen=True, slots=True)
class Offer:
    """A price by which something is to be billed, and the request's field that named it."""

    id: str
    price: Price
    param: str = "pricing[price]"


@dataclass(frozen=True, slots=True)
class Named:
    """What a request names, looked up: the discounts, if it says any, and the price, which without
    one in the request is the price that the charge has already."""

    currency: str
    offer: Offer | None = None
    discounts: tuple[Discount, ...] | None = None


def new_charge(
    asked: ChargeRequest, named: Named, now: datetime, subscription: str | None = None
) -> Charge:
    """The charge of a new item. One that gives back is not discounted unless that was asked for.

    Raises InvalidRequest where the money is said in no way or in several, or the price is not one
    that can be billed once.
    """
    if _way(asked) is None:
        raise InvalidRequest(
            "Missing required param: amount. Say what to bill: amount, pricing[price], price_data "
            "or unit_amount_decimal.",
            param="amount",
            code="parameter_missing",
        )
    blank = Charge(period=asked.period or Period(now, now), subscription=subscription)
    charge = changed_charge(blank, asked, named)
    return charge if asked.discountable is not None else _discounted_by_default(charge)


def changed_charge(charge: Charge, asked: ChargeRequest, named: Named) -> Charge:
    """The charge after a change. Raises InvalidRequest."""
    money = _money(charge, asked, named)
    if charge.late_usage is not None and (money or asked.discountable):
        raise InvalidRequest(
            "This invoice item adjusts usage that was recorded late. What it bills cannot be "
            "changed; its description and metadata can."
        )
    if charge.proration and asked.discountable:
        raise InvalidRequest("Prorations cannot be made discountable.", param="discountable")
    if charge.prorated_of is not None and asked.period is not None:
        raise InvalidRequest("The period of a proration cannot be changed.", param="period")
    given = {name: getattr(asked, name) for name in _CARRIED & asked.model_fields_set}
    given["metadata"] = merge_metadata(charge.metadata, asked.metadata)
    if named.discounts is not None:
        given["discounts"] = named.discounts
    changed = charge.model_copy(update={**given, **money})
    _check_worth(changed, named)
    return changed


def worth(charge: Charge, terms: PriceTerms | None) -> int:
    """What a charge comes to, in minor units, before discounts and taxes.

    `terms` are its price's, in the currency that is billed. Raises InvalidRequest beyond 64 bits.
    """
    if charge.amount is not None:
        return check_amount(charge.amount, param="amount")
    rated = rate(
        terms or PriceTerms(currency="", unit_amount_decimal=charge.unit_amount_decimal),
        Decimal(charge.quantity or 0),
        charge.period,
        charge.prorated_of,
    )
    return -rated.amount if charge.credit else rated.amount


def _check_worth(charge: Charge, named: Named) -> None:
    """Raises InvalidRequest for an amount beyond 64 bits, naming what makes it so large."""
    terms = named.offer.price.terms_in(named.currency) if named.offer else None
    try:
        worth(charge, terms)
    except InvalidRequest as refusal:
        refusal.param = refusal.param or "quantity"
        raise


def _way(asked: ChargeRequest) -> str | None:
    """The field that says the money. Raises InvalidRequest where there are several."""
    given = [name for name in _WAYS if getattr(asked, name) is not None]
    if len(given) > 1:
        names = [_PARAM_OF.get(name, name) for name in given]
        raise InvalidRequest(
            f"You may only specify one of these parameters: {', '.join(names)}.",
            param=names[1],
            code="parameters_exclusive",
        )
    return given[0] if given else None


def _money(charge: Charge, asked: ChargeRequest, named: Named) -> dict[str, Any]:
    """The fields of the charge that say how much it is, so far as they change."""
    way = _way(asked)
    fixed = way == "amount" or (way is None and charge.amount is not None)
    if fixed and asked.quantity is not None:
        raise InvalidRequest(
            "A quantity goes with a price or with unit_amount_decimal, not with an amount.",
            param="quantity",
        )
    quantity = asked.quantity or charge.quantity or "1"
    plain = {"price": None, "product": None, "unit_amount_decimal": None, "amount": None}
    match way:
        case "amount":
            alone = {"quantity": "1", "prorated_of": None, "credit": False}
            return {**plain, **alone, "amount": asked.amount}
        case "unit_amount_decimal":
            alone = {"quantity": quantity, "prorated_of": None, "credit": False}
            return {**plain, **alone, "unit_amount_decimal": asked.unit_amount_decimal}
        case "price" if named.offer is not None:
            _check_offer(named.offer, named.currency)
            bought = {"price": named.offer.id, "product": named.offer.price.product}
            return {**plain, **bought, "quantity": quantity}
        case _:
            return {} if asked.quantity is None else {"quantity": quantity}


def _check_offer(offer: Offer, currency: str) -> None:
    if offer.price.terms.recurring is not None:
        raise InvalidRequest(
            "The price specified is set to `type=recurring` but this field only accepts prices "
            "with `type=one_time`.",
            param=offer.param,
        )
    if not offer.price.active and not offer.param.startswith("price_data"):
        raise InvalidRequest(
            "The price specified is inactive. This field only accepts active prices.",
            param=offer.param,
        )
    offer.price.terms_in(currency, param=offer.param)


def _discounted_by_default(charge: Charge) -> Charge:
    gives_back = (charge.amount or 0) < 0 or (charge.unit_amount_decimal or "").startswith("-")
    return charge.model_copy(update={"discountable": not gives_back})
