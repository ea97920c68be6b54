"""Subscriptions as they were recorded first, in the shape of today."""

from ledger.store.upcasting import Payload


def started_with_one_rhythm(payload: Payload) -> Payload:
    """From `subscription.started.v1`: all items had one interval and nothing ever changed."""
    rhythm = {name: payload[name] for name in ("interval", "interval_count")}
    kept = {name: value for name, value in payload.items() if name != "current_period"}
    items = [item | rhythm | {"since": payload["start_date"]} for item in payload["items"]]
    periods = [rhythm | {"period": payload["current_period"]}]
    return kept | {"items": items, "periods": periods, "drafting": 1}


def details_without_taxes(payload: Payload) -> Payload:
    """From `subscription.details_changed.v1`: there were no taxes, discounts and thresholds."""
    return payload


def scheduled_without_proration(payload: Payload) -> Payload:
    """From `subscription.cancellation_scheduled.v1`: no time was given back."""
    return payload | {"prorate": False}


def closed_one_period(payload: Payload) -> Payload:
    """From `subscription.period_closed.v1`: all items had one period."""
    following = payload["next_period"]
    return {
        "ended": [{"period": payload["period"]}],
        "begun": [] if following is None else [{"period": following}],
        "closed_at": payload["closed_at"],
        "invoice": payload["invoice"],
    }


def canceled_without_a_word(payload: Payload) -> Payload:
    """From `subscription.canceled.v1`: usage that went unbilled was not named."""
    return payload
