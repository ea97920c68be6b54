"""A second, slow and simple biller, to compare the product with. It shares no code with it.

Everything is a plain dict, every number a Fraction or an int, every time an int of epoch seconds.
Nothing is remembered but the commands' own content: each answer goes through all usage again. It is
fed the commands that the product accepted, in the order in which they were recorded; each names
itself under `do`:

    create_meter         id, formula (sum, count, last, max, min, average, unique_count), window
                         (hour, day or absent)
    create_price         id, interval, count, unit_amount; or tiers_mode and tiers; divide_by and
                         round for packages; meter for metered prices. Amounts are numbers or text.
    create_customer      id
    create_subscription  id, customer, at, start, anchor, items [{id, price, quantity}] with prices
                         of the same interval, billing_mode (flexible unless classic), cancel_at
    schedule_cancellation  id, cancel_at (None withdraws it)
    cancel_subscription  id, at, invoice_now; after an advance to the same time
    record_usage         identifier, meter, customer, ts, value (absent for count)
    cancel_usage         identifier
    advance              to, customers (absent: all): closes and finalizes what is due by then

Rules, where the contract leaves them open:

- Usage is in a period or window by its own timestamp, `start <= ts < end`. With a meter's
  event_time_window, first one event is chosen for each UTC hour or day, the one received last, and
  then it is looked at whether that event lies in the window. So adjacent windows never count an
  hour twice.
- `last` is the event with the greatest timestamp, the one received later among equals.
- `average` has 12 decimals, a half rounded away from zero; `unique_count` compares texts.
- A period's draft appears at its end and is finalized a grace period later. Only usage recorded
  by then is on it; what comes later is on no invoice.
- Licensed items are billed at the start of a period, a stub by its share of seconds of the whole
  period that it is cut from.
- The first invoice is final at once: licensed items, one line for each period from the start to
  now, and metered usage of periods that were over when the subscription was created. Flexible
  billing leaves out lines of nothing, and the invoice if no line is left; classic billing lists
  every metered item with at least a line of 0.
"""

from fractions import Fraction
from typing import Any

from tests.support.reference_calendar import SECONDS, moved
from tests.support.reference_formulas import amount_to, rounded

Command = dict[str, Any]
Invoice = dict[str, Any]
Span = tuple[int, int]


class ReferenceBiller:
    """Bills what it is fed. `invoices` holds the finalized ones, oldest first."""

    def __init__(self, grace: int = 3_600) -> None:
        self.grace = grace
        self.meters: dict[str, Command] = {}
        self.prices: dict[str, Command] = {}
        self.customers: list[str] = []
        self.subscriptions: dict[str, Command] = {}
        self.usage: dict[str, Command] = {}
        self.cancelled: set[str] = set()
        self.drafts: list[Invoice] = []
        self.invoices: list[Invoice] = []

    def play(self, commands: list[Command]) -> None:
        """Take commands in recorded order."""
        for command in commands:
            getattr(self, command["do"])(command)

    # -- commands ------------------------------------------------------------------------------

    def create_meter(self, command: Command) -> None:
        self.meters[command["id"]] = command

    def create_price(self, command: Command) -> None:
        self.prices[command["id"]] = command

    def create_customer(self, command: Command) -> None:
        self.customers.append(command["id"])

    def create_subscription(self, command: Command) -> None:
        defaults = {"billing_mode": "flexible", "cancel_at": None, "ended": None}
        subscription = defaults | command
        self.subscriptions[command["id"]] = subscription
        first = self._first_invoice(subscription)
        if first["lines"]:
            self._finalize(first)
        subscription["billed_to"] = self._period(subscription, command["at"])[0]

    def schedule_cancellation(self, command: Command) -> None:
        self.subscriptions[command["id"]]["cancel_at"] = command["cancel_at"]

    def cancel_subscription(self, command: Command) -> None:
        subscription = self.subscriptions[command["id"]]
        subscription["ended"] = command["at"]
        if command.get("invoice_now") and command["at"] > subscription["billed_to"]:
            period = (subscription["billed_to"], command["at"])
            self.drafts.append(self._cycle_invoice(subscription, period, following=None))

    def record_usage(self, command: Command) -> None:
        if command["identifier"] not in self.usage:
            received = len(self.usage)
            self.usage[command["identifier"]] = {**command, "received": received}

    def cancel_usage(self, command: Command) -> None:
        self.cancelled.add(command["identifier"])

    def advance(self, command: Command) -> None:
        to, customers = command["to"], command.get("customers", self.customers)
        for subscription in self.subscriptions.values():
            while subscription["customer"] in customers and subscription["ended"] is None:
                period = self._period(subscription, subscription["billed_to"])
                if period[1] > to:
                    break
                following = self._following(subscription, period)
                self.drafts.append(self._cycle_invoice(subscription, period, following))
                subscription["billed_to"] = period[1]
                if following is None:
                    subscription["ended"] = period[1]
        due = [
            draft
            for draft in self.drafts
            if draft["customer"] in customers and draft["finalizes_at"] <= to
        ]
        for draft in sorted(due, key=lambda draft: draft["finalizes_at"]):
            self.drafts.remove(draft)
            self._finalize(draft)

    # -- answers -------------------------------------------------------------------------------

    def summary(self, meter: str, customer: str, start: int, end: int) -> Fraction | None:
        """The meter's value over `start <= ts < end`; None where there was no usage at all."""
        events = [event for event in self._countable(meter, customer) if start <= event["ts"] < end]
        if not events:
            return None
        return amount_to(self.meters[meter]["formula"], events)

    def summaries(
        self, meter: str, customer: str, start: int, end: int, grouping: str
    ) -> list[tuple[int, int, Fraction]]:
        """(start, end, value) of each hour or day of an aligned window that has usage."""
        step = SECONDS[grouping]
        found: list[tuple[int, int, Fraction]] = []
        for begin in range(start, end, step):
            value = self.summary(meter, customer, begin, begin + step)
            if value is not None:
                found.append((begin, begin + step, value))
        return found

    def preview(self, subscription_id: str) -> Invoice | None:
        """The next invoice as it would be now; None for a subscription that has ended."""
        subscription = self.subscriptions[subscription_id]
        if subscription["ended"] is not None:
            return None
        period = self._period(subscription, subscription["billed_to"])
        following = self._following(subscription, period)
        return self._totalled(self._cycle_invoice(subscription, period, following))

    # -- invoices ------------------------------------------------------------------------------

    def _first_invoice(self, subscription: Command) -> Invoice:
        current = self._period(subscription, subscription["at"])
        spans = [self._period(subscription, subscription["start"])]
        while spans[-1][1] <= current[0]:
            spans.append(self._period(subscription, spans[-1][1]))
        classic = subscription["billing_mode"] == "classic"
        lines: list[Command] = []
        for item in subscription["items"]:
            if not self._is_metered(item):
                lines += [{"item": item["id"], "period": span} for span in spans]
                continue
            past = [{"item": item["id"], "period": span} for span in spans[:-1]]
            used = [line for line in past if any(self._line_value(subscription, line))]
            lines += used or ([{"item": item["id"], "period": current, "zero": True}] * classic)
        span = (subscription["start"], subscription["at"])
        return self._invoice(subscription, "subscription_create", span, lines)

    def _cycle_invoice(
        self, subscription: Command, period: Span, following: Span | None
    ) -> Invoice:
        lines: list[Command] = []
        for item in subscription["items"]:
            span = period if self._is_metered(item) else following
            if span is not None:
                lines.append({"item": item["id"], "period": span})
        return self._invoice(subscription, "subscription_cycle", period, lines)

    def _invoice(
        self, subscription: Command, reason: str, period: Span, lines: list[Command]
    ) -> Invoice:
        return {
            "subscription": subscription["id"],
            "customer": subscription["customer"],
            "reason": reason,
            "period": period,
            "finalizes_at": period[1] + self.grace,
            "lines": lines,
        }

    def _finalize(self, invoice: Invoice) -> None:
        self.invoices.append(self._totalled(invoice))

    def _totalled(self, invoice: Invoice) -> Invoice:
        subscription = self.subscriptions[invoice["subscription"]]
        lines: list[Command] = []
        for line in invoice["lines"]:
            quantity, amount = self._line_value(subscription, line)
            lines.append({**line, "quantity": quantity, "amount": amount})
        return {**invoice, "lines": lines, "total": sum(line["amount"] for line in lines)}

    def _line_value(self, subscription: Command, line: Command) -> tuple[Fraction, int]:
        item = next(item for item in subscription["items"] if item["id"] == line["item"])
        price = self.prices[item["price"]]
        if line.get("zero"):
            return Fraction(0), 0
        if self._is_metered(item):
            used = self.summary(price["meter"], subscription["customer"], *line["period"])
            quantity = max(used or Fraction(0), Fraction(0))
            return quantity, rounded(cost(price, quantity))
        quantity = Fraction(item.get("quantity", 1))
        share = self._share_of_whole_period(subscription, line["period"])
        return quantity, rounded(cost(price, quantity) * share)

    # -- time and usage ------------------------------------------------------------------------

    def _is_metered(self, item: Command) -> bool:
        return self.prices[item["price"]].get("meter") is not None

    def _whole_period(self, subscription: Command, ts: int) -> Span:
        price = self.prices[subscription["items"][0]["price"]]
        anchor, interval, count = subscription["anchor"], price["interval"], price.get("count", 1)
        n = 0
        while moved(anchor, interval, n * count) > ts:
            n -= 1
        while moved(anchor, interval, (n + 1) * count) <= ts:
            n += 1
        return moved(anchor, interval, n * count), moved(anchor, interval, (n + 1) * count)

    def _period(self, subscription: Command, ts: int) -> Span:
        start, end = self._whole_period(subscription, ts)
        return max(start, subscription["start"]), min(end, subscription["cancel_at"] or end)

    def _following(self, subscription: Command, period: Span) -> Span | None:
        if period[1] == subscription["cancel_at"]:
            return None
        return self._period(subscription, period[1])

    def _share_of_whole_period(self, subscription: Command, period: Span) -> Fraction:
        start, end = self._whole_period(subscription, period[0])
        return Fraction(period[1] - period[0], end - start)

    def _countable(self, meter: str, customer: str) -> list[Command]:
        events = [
            event
            for identifier, event in self.usage.items()
            if event["meter"] == meter
            and event["customer"] == customer
            and identifier not in self.cancelled
        ]
        window = self.meters[meter].get("window")
        if window is None:
            return events
        chosen: dict[int, Command] = {}
        for event in sorted(events, key=lambda event: event["received"]):
            chosen[event["ts"] // SECONDS[window]] = event
        return list(chosen.values())


def cost(price: Command, quantity: Fraction) -> Fraction:
    """What a quantity of 0 or more costs, in minor units, before rounding."""
    mode = price.get("tiers_mode")
    if mode is None:
        if "divide_by" in price:
            packages, rest = divmod(quantity, price["divide_by"])
            quantity = Fraction(packages + (1 if rest and price["round"] == "up" else 0))
        return quantity * Fraction(price["unit_amount"])
    total, lower = Fraction(0), Fraction(0)
    for tier in price["tiers"]:
        upper = None if tier["up_to"] in (None, "inf") else Fraction(tier["up_to"])
        unit, flat = Fraction(tier.get("unit_amount", 0)), Fraction(tier.get("flat_amount", 0))
        if upper is None or quantity <= upper:
            if mode == "volume":
                return quantity * unit + flat
            return total + (quantity - lower) * unit + flat
        total += (upper - lower) * unit + flat
        lower = upper
    raise AssertionError("the last tier has no end")
