"""Event summaries as a client asks for them, with exact numbers."""

import json
from decimal import Decimal
from typing import Any

import httpx

from tests.doors.recomputed import Window

DAY, HOUR, MINUTE = 86_400, 3_600, 60
WIDTHS = {HOUR: "hour", DAY: "day"}


def query_of(customer: str, window: Window) -> dict[str, Any]:
    """What to ask for the summaries of a window."""
    asked: dict[str, Any] = {
        "customer": customer,
        "start_time": window.start,
        "end_time": window.end,
        "limit": 100,
    }
    if window.width is not None:
        asked["value_grouping_window"] = WIDTHS[window.width]
    return asked


def values_of(answer: httpx.Response) -> dict[int, Decimal]:
    """The values of an answer by the start of their stretch; there must be no further page."""
    assert answer.status_code == 200, answer.text
    page = json.loads(answer.text, parse_float=Decimal)
    assert not page["has_more"]
    return {s["start_time"]: Decimal(s["aggregated_value"]) for s in page["data"]}


def summarized(
    http: httpx.Client, meter: str, customer: str, window: Window, **dimensions: str
) -> dict[int, Decimal]:
    """The summaries of a customer's window, of events with these texts in their payload alone."""
    path = f"/v1/billing/meters/{meter}/event_summaries"
    filters = {f"dimension_filters[{key}]": text for key, text in dimensions.items()}
    return values_of(http.get(path, params=query_of(customer, window) | filters))
