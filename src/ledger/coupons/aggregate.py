"""A coupon's state and the pure decisions about it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ledger.coupons.commands import CreateCoupon, UpdateCoupon
from ledger.coupons.events import CouponChanged, CouponCreated, CouponDeleted
from ledger.coupons.terms import CouponTerms
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.kernel.metadata import merge_metadata

LONGEST_DURATION: Final = 1200
"""Months; a bound against slips of the hand."""

REDEEMABLE_FOR: Final = timedelta(days=5 * 366)
"""How far ahead `redeem_by` may lie."""

_STREAM: Final = "coupon_:"


@dataclass(frozen=True, slots=True)
class Coupon:
    terms: CouponTerms
    name: str | None
    metadata: dict[str, str]
    deleted: bool = False


def stream_of(coupon_id: str) -> str:
    """The stream of a coupon; its id may be the caller's own and must not meet another's."""
    return f"{_STREAM}{coupon_id}"


def coupon_of(stream: str) -> str:
    """The coupon that a stream is of."""
    return stream.removeprefix(_STREAM)


def redemptions_of(coupon_id: str) -> str:
    """The stream of a coupon's redemptions."""
    return f"redemptions:{coupon_id}"


def evolve(coupon: Coupon | None, event: DomainEvent) -> Coupon:
    """The coupon after a fact."""
    if isinstance(event, CouponCreated):
        return Coupon(event.terms, event.name, event.metadata)
    if coupon is None:
        raise ValueError("a coupon's first event must be its creation")
    match event:
        case CouponChanged():
            terms = coupon.terms.model_copy(update={"currency_options": event.currency_options})
            return replace(coupon, terms=terms, name=event.name, metadata=event.metadata)
        case CouponDeleted():
            return replace(coupon, deleted=True)
        case _:
            return coupon


def create(
    existing: Coupon | None, command: CreateCoupon, *, now: datetime, livemode: bool
) -> CouponCreated:
    """Raises InvalidRequest for terms that contradict each other, and for an id that is taken,
    also by a deleted coupon."""
    if existing is not None:
        raise InvalidRequest(
            f"Coupon already exists: '{command.coupon}'.",
            param="id",
            code="resource_already_exists",
        )
    check_terms(command.terms, now)
    return CouponCreated(
        coupon=command.coupon,
        terms=command.terms,
        name=command.name,
        metadata=merge_metadata({}, command.metadata),
        created=now,
        livemode=livemode,
    )


def update(coupon: Coupon, command: UpdateCoupon, now: datetime) -> list[DomainEvent]:
    """The facts of a change, none where everything stays as it is.

    Raises InvalidRequest for too much metadata, and for an amount off in a currency that has
    another one already.
    """
    terms = coupon.terms
    options = {**terms.currency_options, **command.currency_options}
    if command.currency_options:
        _check_options(terms.model_copy(update={"currency_options": command.currency_options}))
    for currency, amount in terms.currency_options.items():
        if options[currency] != amount:
            raise InvalidRequest(
                f"The coupon takes off {amount} in {currency} already, which cannot be changed.",
                param=f"currency_options[{currency}][amount_off]",
            )
    after = Coupon(
        terms.model_copy(update={"currency_options": options}),
        command.name if "name" in command.model_fields_set else coupon.name,
        merge_metadata(coupon.metadata, command.metadata),
    )
    if after == coupon:
        return []
    return [
        CouponChanged(
            coupon=command.coupon,
            name=after.name,
            metadata=after.metadata,
            currency_options=options,
            changed_at=now,
        )
    ]


def delete(coupon_id: str, now: datetime) -> CouponDeleted:
    """The end of a coupon."""
    return CouponDeleted(coupon=coupon_id, deleted_at=now)


def check_terms(terms: CouponTerms, now: datetime) -> None:
    """Raises InvalidRequest, naming the field, for terms that no coupon can have."""
    if terms.percent_off is None and terms.amount_off is None:
        raise InvalidRequest(
            "You must pass either percent_off or amount_off.",
            param="percent_off",
            code="parameter_missing",
        )
    if terms.percent_off is not None and terms.amount_off is not None:
        raise InvalidRequest(
            "You may only specify one of these parameters: percent_off, amount_off.",
            param="amount_off",
            code="parameters_exclusive",
        )
    if terms.amount_off is not None and terms.currency is None:
        raise InvalidRequest(
            "Missing required param: currency.", param="currency", code="parameter_missing"
        )
    if terms.amount_off is None and terms.currency is not None:
        raise InvalidRequest("currency goes with amount_off alone.", param="currency")
    _check_options(terms)
    _check_duration(terms)
    if terms.redeem_by is not None and not now < terms.redeem_by <= now + REDEEMABLE_FOR:
        raise InvalidRequest(
            "redeem_by must be in the future, and at most 5 years ahead.", param="redeem_by"
        )


def _check_options(terms: CouponTerms) -> None:
    if terms.currency_options and terms.amount_off is None:
        raise InvalidRequest("currency_options go with amount_off alone.", param="currency_options")
    if terms.currency in terms.currency_options:
        param = f"currency_options[{terms.currency}]"
        raise InvalidRequest(
            f"Invalid {param}: the coupon's own currency has its amount_off already.", param=param
        )


def _check_duration(terms: CouponTerms) -> None:
    param, months = "duration_in_months", terms.duration_in_months
    if terms.duration != "repeating":
        if months is not None:
            raise InvalidRequest(
                "duration_in_months goes with duration=repeating alone.", param=param
            )
    elif months is None:
        raise InvalidRequest(
            f"Missing required param: {param}.", param=param, code="parameter_missing"
        )
    elif months > LONGEST_DURATION:
        raise InvalidRequest(f"{param} can be at most {LONGEST_DURATION}.", param=param)
