"""The books of the independent biller: what lines come to, invoices, and when periods are."""

import itertools
from fractions import Fraction
from typing import Any

from tests.lives.crediting import AMOUNT, less, of_line, of_total, summed, whole
from tests.lives.crediting import total as total_of
from tests.lives.deductions import discounts, taxes
from tests.lives.pricing import licensed_amount, usage_amount
from tests.support.reference_calendar import moved

Told = dict[str, Any]
Line = dict[str, Any]
Invoice = dict[str, Any]
Span = tuple[int, int]
Rhythm = tuple[str, int]


class Books:
    """`invoices` are the finalized ones, oldest first, `drafts` those that wait."""

    def __init__(self, currency: str, policy: str, grace: int = 3_600) -> None:
        self.currency = currency
        self.policy = policy
        self.grace = grace
        self.prices: dict[str, Told] = {}
        self.customers: dict[str, Told] = {}
        self.subscriptions: dict[str, Told] = {}
        self.usage: list[Told] = []
        self.drafts: list[Invoice] = []
        self.invoices: list[Invoice] = []
        self.credits: list[Told] = []
        self._numbers = itertools.count()

    # -- lines ---------------------------------------------------------------------------------

    def _used(self, sub: Told, name: str, period: Span) -> list[Line]:
        """A stretch of usage at an item's present price; none if no time passed."""
        item = sub["items"][name]
        price = self.prices[item["price"]]
        part = (max(period[0], item["since"]), period[1])
        if part[0] >= part[1]:
            return []
        whole = self._whole(sub, price["rhythm"], part[0])
        return [{"of": name, "price": item["price"], "period": part, "whole": whole, "used": True}]

    def _charge(self, sub: Told, item: Told, period: Span) -> tuple[Any, ...]:
        price = self.prices[item["price"]]
        whole = self._whole(sub, price["rhythm"], period[0])
        end = min(period[1], sub["cancel_at"] or period[1])
        return item["price"], item["quantity"], period[0], end, whole

    def _worth(self, customer: str, line: Line) -> dict[str, Any]:
        """The quantity, and the amount before discounts."""
        quantity, amount = self._quantity_and_amount(customer, line)
        return {"quantity": quantity, "amount": amount}

    def _quantity_and_amount(self, customer: str, line: Line) -> tuple[Any, int]:
        if "fixed" in line:
            return line["quantity"], line["fixed"]
        price = self.prices[line["price"]]
        start, end = line["period"]
        share = Fraction(end - start, line["whole"][1] - line["whole"][0])
        if line.get("used"):
            quantity = self._quantity(customer, price["meter"], start, end)
            return quantity, usage_amount(price, quantity, share)
        amount = licensed_amount(price, line["quantity"], share)
        return line["quantity"], -amount if line.get("gives_back") else amount

    def _quantity(self, customer: str, meter: str, start: int, end: int) -> Fraction:
        total = Fraction(0)
        for event in self.usage:
            if (event["customer"], event["meter"]) == (customer, meter):
                total += Fraction(event["value"]) if start <= event["ts"] < end else 0
        return max(total, Fraction(0))

    # -- invoices ------------------------------------------------------------------------------

    def _invoice(self, sub: Told, reason: str, period: Span, lines: list[Line], at: int) -> Invoice:
        """A draft, with what waits for the customer's next invoice."""
        pending = self.customers[sub["customer"]]["pending"]
        taken = [entry for entry in pending if entry["for"] in (None, sub["id"])]
        lines = lines + [entry["line"] for entry in taken]
        in_force = []
        if lines:
            pending[:] = [entry for entry in pending if entry not in taken]
            in_force = [one for one in sub["coupons"] if self._holds(sub, one, at)]
            spent = {one["id"] for one in in_force if one["duration"] == "once"}
            sub["spent"] |= spent
            sub["spent_on_charges"] |= spent
        return {
            "subscription": sub["id"],
            "customer": sub["customer"],
            "reason": reason,
            "period": period,
            "lines": lines,
            "coupons": in_force,
            "rates": sub["tax_rates"],
            "finalizes_at": at + self.grace,
            "number": next(self._numbers),
        }

    def _holds(self, sub: Told, coupon: Told, at: int) -> bool:
        if coupon["duration"] == "once":
            return coupon["id"] not in sub["spent"]
        return coupon["duration"] == "forever" or at < coupon["until"]

    def _finalize(self, invoice: Invoice) -> None:
        customer = self.customers[invoice["customer"]]
        rated = [{**line, **self._worth(invoice["customer"], line)} for line in invoice["lines"]]
        off = discounts(rated, invoice["coupons"], self.currency)
        net = [line["amount"] - sum(part.values()) for line, part in zip(rated, off, strict=True)]
        rates = [line.get("rates", invoice["rates"]) for line in rated]
        levied = taxes(list(zip(net, rates, strict=True)))
        left = [whole(line["amount"], off[i], levied[i]) for i, line in enumerate(rated)]
        total = sum(map(total_of, left))
        owed = total + customer["balance"]
        customer["balance"] = min(owed, 0)
        for line, share in zip(rated, left, strict=True):
            line |= {of: summed(share, of) for of in ("off", "exclusive", "inclusive")}
            line["accounted"] = line["amount"]
        sums = {"total": total, "due": max(owed, 0), "balance": min(owed, 0)}
        shown = {id(line): worth for line, worth in zip(invoice["lines"], rated, strict=True)}
        usage = [
            shown.get(id(line)) or {**line, "accounted": 0, "left_out": True}
            for line in invoice.get("considered", invoice["lines"])
            if line.get("used")
        ]
        settled = {"left": left, "remaining": max(owed, 0), "creditable": total}
        self.invoices.append({**invoice, **sums, **settled, "rated": rated, "usage": usage})

    # -- credit notes --------------------------------------------------------------------------

    def credit(self, invoice: Invoice, *, amount: int, line: int | None = None) -> bool:
        """Credit so much of an invoice in all, or of a line; whether there is so much left."""
        left = invoice["left"]
        if invoice["creditable"] <= 0 or (line is not None and amount > left[line][AMOUNT]):
            return False
        if line is None and amount > invoice["creditable"]:
            return False
        shares = of_total(left, amount) if line is None else of_line(left, line, amount)
        total = sum(map(total_of, shares.values()))
        if not 1 <= total <= invoice["creditable"]:
            return False
        for i, share in shares.items():
            left[i] = less(left[i], share)
        lowered = min(total, invoice["remaining"])
        invoice["remaining"] -= lowered
        invoice["creditable"] -= total
        self.customers[invoice["customer"]]["balance"] -= total - lowered
        self.credits.append({"of": invoice, "shares": shares, "total": total, "lowered": lowered})
        return True

    # -- late usage ----------------------------------------------------------------------------

    def settle(self, customer: str, meter: str, times: list[int]) -> None:
        """Rate finalized lines again whose usage came late, and settle what differs."""
        late = [
            (invoice, line)
            for invoice in self.invoices
            for line in invoice["usage"]
            if invoice["customer"] == customer
            and self.prices[line["price"]]["meter"] == meter
            and any(line["period"][0] <= ts < line["period"][1] for ts in times)
        ]
        for invoice, line in late:
            amount = self._worth(customer, line)["amount"]
            difference = amount - line["accounted"]
            line["accounted"] = amount
            if not difference or self.policy == "report_only":
                continue
            if self.policy == "immediate" and self._gives_back(invoice, line, -difference):
                continue
            self._adjust(invoice, line, difference)

    def _gives_back(self, invoice: Invoice, line: Line, amount: int) -> bool:
        """Whether an amount was credited of the line for which it had been billed."""
        shown = [i for i, rated in enumerate(invoice["rated"]) if rated is line]
        return amount > 0 and bool(shown) and self.credit(invoice, amount=amount, line=shown[0])

    def _adjust(self, invoice: Invoice, line: Line, difference: int) -> None:
        """An amount with the taxes and the percentages of the original line, on the next invoice,
        or on one of its own where none is to come."""
        left_out = line.get("left_out", False)
        coupons = () if left_out else invoice["coupons"]
        percentages = [one for one in coupons if one["percent"] is not None]
        late = {
            "of": None,
            "period": None,
            "quantity": None,
            "fixed": difference,
            "own_only": True,
            "coupons": [{**one, "id": (id(line), one["id"])} for one in percentages],
            "rates": [] if left_out else invoice["rates"],
        }
        running = (
            sub
            for sub in self.subscriptions.values()
            if sub["customer"] == invoice["customer"] and not sub["ended"]
        )
        if self.policy == "next_invoice" and any(running):
            entry = {"for": None, "line": late}
            self.customers[invoice["customer"]]["pending"].append(entry)
            return
        head = {"subscription": None, "reason": "manual", "period": line["period"]}
        extra = {"lines": [late], "coupons": [], "rates": [], "customer": invoice["customer"]}
        self._finalize({**head, **extra})

    # -- periods -------------------------------------------------------------------------------

    def _is_metered(self, item: Told) -> bool:
        return "meter" in self.prices[item["price"]]

    def _on_trial(self, sub: Told, at: int) -> bool:
        return bool(sub["trial_end"]) and at < sub["trial_end"]

    def _was_trial(self, sub: Told, at: int) -> bool:
        """Whether the time up to `at` was on trial."""
        return bool(sub["trial_end"]) and at <= sub["trial_end"]

    def _whole(self, sub: Told, rhythm: Rhythm, ts: int) -> Span:
        """The period of a rhythm that holds a time, counted from the anchor."""
        interval, count = rhythm
        n = 0
        while moved(sub["anchor"], interval, n * count) > ts:
            n -= 1
        while moved(sub["anchor"], interval, (n + 1) * count) <= ts:
            n += 1
        bounds = (n * count, (n + 1) * count)
        return (
            moved(sub["anchor"], interval, bounds[0]),
            moved(sub["anchor"], interval, bounds[1]),
        )

    def _set_rhythms(self, sub: Told, at: int, known: dict[Rhythm, Span] | None = None) -> None:
        found: dict[Rhythm, Span] = {}
        for item in sub["items"].values():
            rhythm = self.prices[item["price"]]["rhythm"]
            start, end = self._whole(sub, rhythm, at)
            found[rhythm] = (known or {}).get(rhythm) or (max(start, min(sub["start"], at)), end)
        sub["rhythms"] = found
