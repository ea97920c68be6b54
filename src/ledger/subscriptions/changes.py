"""Changes of a running subscription: its items, its periods, its scheduled end, its details."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.kernel.metadata import merge_metadata
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.beginning import check_trial_end
from ledger.subscriptions.commands import MigrateSubscription, UpdateSubscription
from ledger.subscriptions.ending import charge_longer, follow_period_end, scheduled_end
from ledger.subscriptions.events import BillingModeMigrated, SubscriptionDetailsChanged
from ledger.subscriptions.item_changes import change_items, items_changed
from ledger.subscriptions.item_effects import Moment, Named
from ledger.subscriptions.prorating import Proration, credits_of
from ledger.subscriptions.resets import check_anchor_can_move, move_trial_end, reset_cycle
from ledger.subscriptions.starting import check_collection

_AFTER_THE_END = {"subscription", "metadata", "comment", "feedback"}


@dataclass(slots=True)
class Change:
    """The facts of a change, what is charged and given back for it, and whether what it leaves to
    bill is invoiced at once."""

    subscription: Subscription
    events: list[DomainEvent] = field(default_factory=list[DomainEvent])
    prorations: list[Proration] = field(default_factory=list[Proration])
    invoice: bool = False

    def add(self, events: Iterable[DomainEvent]) -> None:
        """The subscription after more facts."""
        for event in events:
            self.events.append(event)
            self.subscription = evolve(self.subscription, event)


def update(
    subscription: Subscription,
    command: UpdateSubscription,
    named: Named,
    now: datetime,
) -> Change:
    """What a request changes: no facts where everything stays as it is. `named` is what it names,
    `now` is at a whole second. Raises InvalidRequest."""
    if subscription.ended and command.model_fields_set - _AFTER_THE_END:
        raise InvalidRequest(
            "A canceled subscription can only update its cancellation_details and metadata."
        )
    moment = Moment(now, _prorated_from(subscription, command, now))
    change = Change(subscription, invoice=command.proration_behavior == "always_invoice")
    _change_items_and_cycle(change, command, named, moment)
    if not subscription.ended:
        change.add(scheduled_end(change.subscription, command, now))
        events, charges = charge_longer(change.subscription)
        change.add(events)
        change.prorations += charges
    change.add(_details(change.subscription, command, named))
    return change


def _prorated_from(
    subscription: Subscription, command: UpdateSubscription, now: datetime
) -> datetime:
    asked = command.proration_date
    if asked is None:
        return now
    earliest = min(period.start for period in subscription.periods.values())
    latest = max(period.end for period in subscription.periods.values())
    if not earliest <= asked <= latest:
        raise InvalidRequest(
            "The proration_date must be within the current period.", param="proration_date"
        )
    return asked


def _change_items_and_cycle(
    change: Change, command: UpdateSubscription, named: Named, moment: Moment
) -> None:
    before = change.subscription
    decision = change_items(before, command, named, moment)
    change.add(items_changed(before, decision, moment))
    if _resets(before, command) or decision.resets:
        _reset(change, before, command, moment)
        return
    change.prorations += decision.prorations
    if isinstance(command.trial_end, datetime) and before.status == "trialing":
        check_trial_end(command.trial_end, moment.now)
        moved = move_trial_end(change.subscription, command.trial_end, moment.now)
        change.add([] if moved is None else [moved])
        change.add(follow_period_end(change.subscription, moment.now))


def _resets(subscription: Subscription, command: UpdateSubscription) -> bool:
    """Whether the periods begin anew: asked for, or as a trial ends at once or begins."""
    if command.billing_cycle_anchor == "now":
        check_anchor_can_move(subscription)
        return True
    if command.trial_end == "now":
        return subscription.status == "trialing"
    return command.trial_end is not None and subscription.status == "active"


def _reset(
    change: Change, before: Subscription, command: UpdateSubscription, moment: Moment
) -> None:
    """All licensed time that is left is given back; new periods are charged and invoiced at once,
    unless a trial begins."""
    trial_end = command.trial_end if isinstance(command.trial_end, datetime) else None
    if trial_end is not None:
        check_trial_end(trial_end, moment.now)
    change.add([reset_cycle(change.subscription, moment.now, trial_end)])
    if command.proration_behavior != "none":
        change.prorations += credits_of(before, before.items, moment.prorated_from)
    if trial_end is None:
        change.invoice = True
    change.add(follow_period_end(change.subscription, moment.now))


def migrate(
    subscription: Subscription, command: MigrateSubscription, now: datetime
) -> BillingModeMigrated:
    """A classic subscription becomes a flexible one. Raises InvalidRequest for any other."""
    if subscription.ended:
        raise InvalidRequest("A canceled subscription cannot be migrated.")
    if subscription.billing_mode == "flexible":
        raise InvalidRequest(
            "This subscription's billing_mode is flexible already.", param="billing_mode[type]"
        )
    settings = {**subscription.settings, **command.settings}
    return BillingModeMigrated(settings=settings, migrated_at=now)


def resume_collection(subscription: Subscription) -> SubscriptionDetailsChanged | None:
    """Invoices are collected again; None if they are anyway."""
    if subscription.pause_collection is None or subscription.ended:
        return None
    return _changed_details(subscription, {"pause_collection": None})


def _details(
    subscription: Subscription, command: UpdateSubscription, named: Named
) -> list[SubscriptionDetailsChanged]:
    method = command.collection_method or subscription.collection_method
    days = subscription.days_until_due if method == "send_invoice" else None
    if "days_until_due" in command.model_fields_set:
        days = command.days_until_due
    if {"collection_method", "days_until_due"} & command.model_fields_set:
        check_collection(method, days)
    details = subscription.cancellation.model_copy(update=_given(command, "comment", "feedback"))
    settings: dict[str, JsonValue] = {**subscription.settings, **command.settings}
    after: dict[str, Any] = {
        "collection_method": method,
        "days_until_due": days,
        "metadata": merge_metadata(subscription.metadata, command.metadata),
        "settings": settings,
        "cancellation": details,
        **_given(
            command,
            "default_payment_method",
            "description",
            "default_tax_rates",
            "thresholds",
            "pause_collection",
        ),
    }
    if "discounts" in command.model_fields_set:
        after["discounts"] = named.discounts.get("", ())
    if all(getattr(subscription, name) == value for name, value in after.items()):
        return []
    return [_changed_details(subscription, after)]


def _changed_details(
    subscription: Subscription, after: dict[str, Any]
) -> SubscriptionDetailsChanged:
    kept = {name: getattr(subscription, name) for name in SubscriptionDetailsChanged.model_fields}
    return SubscriptionDetailsChanged(**{**kept, **after})


def _given(command: UpdateSubscription, *names: str) -> dict[str, Any]:
    return {name: getattr(command, name) for name in names if name in command.model_fields_set}
