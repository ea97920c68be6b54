"""An independent biller of whole lives. It shares no code with the product.

Everything is a plain dict, every number an int or a Fraction, every time an int of epoch seconds.
It is told what the ledger accepted, in the order in which that happened, and bills it by the rules
of decision records 12, 13, 20, 21 and 23, looking through all usage every time.

A price has what `tests.lives.pricing` says, and `rhythm` (interval, count), and `meter` if metered.
A subscription: id, customer, at, start, anchor, mode, items {id: {price, quantity}}, trial_end,
coupons, tax_rates. Its `charged` is what is paid ahead: (price, quantity, start, end, whole).
"""

from collections.abc import Iterator
from typing import Any

from tests.lives.books import Books, Line, Rhythm, Span, Told


class Biller(Books):
    """Takes what it is told."""

    # -- what is told --------------------------------------------------------------------------

    def customer(self, name: str, balance: int) -> None:
        self.customers[name] = {"balance": balance, "pending": []}

    def use(self, **event: Any) -> None:
        """customer, meter, ts, value"""
        self.usage.append(event)

    def add_item(self, customer: str, amount: int) -> None:
        """An amount that waits for the customer's next invoice."""
        line = {"of": None, "period": None, "quantity": None, "fixed": amount}
        self.customers[customer]["pending"].append({"for": None, "line": line})

    def subscribe(self, **told: Any) -> None:
        told = {"cancel_at": None, "ended": False, "waiting": [], "charged": {}, **told}
        sub = {**told, "spent": set(), "spent_on_charges": set(), "rhythms": {}}
        self.subscriptions[sub["id"]] = sub
        for item in sub["items"].values():
            item["since"] = sub["start"]
        self._set_rhythms(sub, sub["at"])
        if sub["trial_end"]:
            sub["rhythms"] = dict.fromkeys(sub["rhythms"], (sub["start"], sub["trial_end"]))
        span = (sub["start"], sub["at"])
        considered = list(self._first_lines(sub))
        lines = [line for line in considered if not line.get("nothing")]
        invoice = self._invoice(sub, "subscription_create", span, lines, sub["at"])
        invoice["considered"] = considered
        if invoice["lines"]:
            self._finalize(invoice)

    def cancel_at_period_end(self, name: str) -> None:
        sub = self.subscriptions[name]
        sub["cancel_at"] = max(end for _, end in sub["rhythms"].values())

    def go_on(self, name: str) -> None:
        self.subscriptions[name]["cancel_at"] = None

    def cancel(self, name: str, at: int, *, invoice_now: bool, prorate: bool) -> None:
        sub = self.subscriptions[name]
        if prorate and not self._on_trial(sub, at):
            for item in sub["items"]:
                self._give_back(sub, item, at)
        if invoice_now:
            rhythms = {rhythm: (start, at) for rhythm, (start, _) in sub["rhythms"].items()}
            self._draft(sub, at, rhythms, {})
        sub["ended"] = True
        pending = self.customers[sub["customer"]]["pending"]
        released = [entry for entry in pending if entry["for"] == name]
        pending[:] = [entry for entry in pending if entry["for"] != name]
        pending += [{**entry, "for": None} for entry in released]

    def change(self, name: str, at: int, behavior: str, changes: list[Told]) -> None:
        """Each change is {item, price, quantity} to add or change, or {item, removed: True}."""
        sub = self.subscriptions[name]
        for change in changes:
            self._change(sub, at, behavior, change)
        if any(change.get("effect", True) for change in changes):
            self._set_rhythms(sub, at, known=sub["rhythms"])
        if behavior == "always_invoice":
            lines = [line for item in sub["items"] for line in self._take_waiting(sub, item)]
            lines += self._take_waiting(sub, None)
            invoice = self._invoice(sub, "subscription_update", (at, at), lines, at)
            if invoice["lines"]:
                self._finalize(invoice)

    def advance(self, to: int) -> None:
        """Close and finalize what is due by then, in the order in which it is due."""
        while due := min(self._due(), default=None):
            at, kind, key = due
            if at > to:
                return
            if kind == 0:
                self._close(self.subscriptions[key], at)
            else:
                draft = next(draft for draft in self.drafts if draft["number"] == key)
                self.drafts.remove(draft)
                self._finalize(draft)

    def _due(self) -> Iterator[tuple[int, int, Any]]:
        for name, sub in self.subscriptions.items():
            if not sub["ended"]:
                ends = [end for _, end in sub["rhythms"].values()]
                yield min([*ends, sub["cancel_at"] or ends[0]]), 0, name
        for draft in self.drafts:
            yield draft["finalizes_at"], 1, draft["number"]

    # -- the end of periods --------------------------------------------------------------------

    def _close(self, sub: Told, at: int) -> None:
        last = sub["cancel_at"] is not None and sub["cancel_at"] <= at
        if not last:
            sub["spent_on_charges"] = set()
        ended = {r: (s, at) for r, (s, e) in sub["rhythms"].items() if last or e == at}
        begun = {} if last else {r: (at, self._whole(sub, r, at)[1]) for r in ended}
        self._draft(sub, at, ended, begun)
        sub["rhythms"] |= begun
        if last:
            sub["ended"] = True
            pending = self.customers[sub["customer"]]["pending"]
            for entry in pending:
                entry["for"] = None if entry["for"] == sub["id"] else entry["for"]

    def _draft(
        self, sub: Told, at: int, ended: dict[Rhythm, Span], begun: dict[Rhythm, Span]
    ) -> None:
        lines: list[Line] = []
        for name, item in sub["items"].items():
            lines += self._take_waiting(sub, name)
            rhythm = self.prices[item["price"]]["rhythm"]
            if self._is_metered(item):
                if rhythm in ended and not self._was_trial(sub, at):
                    lines += self._used(sub, name, ended[rhythm])
            elif rhythm in begun:
                sub["charged"][name] = self._charge(sub, item, begun[rhythm])
                lines.append(_ahead(name, sub["charged"][name]))
        lines += self._take_waiting(sub, None)
        period = max(ended.values())
        invoice = self._invoice(sub, "subscription_cycle", period, lines, at)
        if invoice["lines"]:
            self.drafts.append(invoice)

    def _first_lines(self, sub: Told) -> Iterator[Line]:
        for name, item in sub["items"].items():
            price = self.prices[item["price"]]
            current = sub["rhythms"][price["rhythm"]]
            past = [] if sub["trial_end"] else list(self._past(sub, price["rhythm"]))
            named = sub["mode"] == "classic" and (self._is_metered(item) or sub["trial_end"])
            if self._is_metered(item):
                used = [line for span in past for line in self._used(sub, name, span)]
                billed = [line for line in used if any(self._worth(sub["customer"], line).values())]
                yield from ({**line, "nothing": line not in billed} for line in used)
                named = named and not billed
            elif not sub["trial_end"]:
                for span in (*past, current):
                    yield _ahead(name, self._charge(sub, item, span))
                sub["charged"][name] = self._charge(sub, item, current)
            if named:
                yield {"of": name, "period": current, "quantity": 0, "fixed": 0}

    def _past(self, sub: Told, rhythm: Rhythm) -> Iterator[Span]:
        start = sub["start"]
        while True:
            end = self._whole(sub, rhythm, start)[1]
            if end > sub["at"]:
                return
            yield start, end
            start = end

    # -- changes midway ------------------------------------------------------------------------

    def _change(self, sub: Told, at: int, behavior: str, change: Told) -> None:
        name = change["item"]
        if name not in sub["items"]:
            item = {"price": change["price"], "quantity": change["quantity"], "since": at}
            sub["items"][name] = item
            self._charge_rest(sub, name, at, behavior)
            return
        old = sub["items"][name]
        if change.get("removed"):
            if self._is_metered(old):
                wait = sub["mode"] == "flexible" and behavior != "none"
                self._end_stretch(sub, name, at, bills=wait)
                if behavior == "none":
                    sub["waiting"] = [one for one in sub["waiting"] if one["of"] != name]
            elif behavior != "none":
                self._give_back(sub, name, at)
            sub["charged"].pop(name, None)
            del sub["items"][name]
            return
        if (old["price"], old["quantity"]) == (change["price"], change["quantity"]):
            change["effect"] = False
            return
        if self._is_metered(old):
            self._end_stretch(sub, name, at, bills=sub["mode"] == "flexible")
        elif behavior != "none":
            self._give_back(sub, name, at)
        since = old["since"] if old["price"] == change["price"] else at
        item = {"price": change["price"], "quantity": change["quantity"], "since": since}
        sub["items"][name] = item
        self._charge_rest(sub, name, at, behavior)

    def _end_stretch(self, sub: Told, name: str, at: int, *, bills: bool) -> None:
        item = sub["items"][name]
        period = sub["rhythms"][self.prices[item["price"]]["rhythm"]]
        if bills:
            sub["waiting"] += self._used(sub, name, (period[0], at))

    def _charge_rest(self, sub: Told, name: str, at: int, behavior: str) -> None:
        item = sub["items"][name]
        if self._is_metered(item) or behavior == "none":
            return
        rhythm = self.prices[item["price"]]["rhythm"]
        start, end = sub["rhythms"].get(rhythm) or self._whole(sub, rhythm, at)
        sub["charged"][name] = self._charge(sub, item, (max(start, at), end))
        self._wait(sub, _ahead(name, sub["charged"][name]))

    def _give_back(self, sub: Told, name: str, at: int) -> None:
        charged = sub["charged"].get(name)
        if sub["mode"] == "classic" and not self._is_metered(sub["items"][name]):
            item = sub["items"][name]
            rhythm = self.prices[item["price"]]["rhythm"]
            charged = self._charge(sub, item, sub["rhythms"][rhythm])
        if charged is None or at >= charged[3]:
            return
        price, quantity, start, end, whole = charged
        line = _ahead(name, (price, quantity, max(start, at), end, whole))
        coupons = [one for one in sub["coupons"] if self._was_charged_with(sub, one, start)]
        self._wait(sub, {**line, "gives_back": True, "own_only": True, "coupons": coupons})

    def _was_charged_with(self, sub: Told, coupon: Told, start: int) -> bool:
        """Whether a charge for a period that starts then was lowered by a coupon."""
        if coupon["duration"] == "once":
            return coupon["id"] not in sub["spent"] - sub["spent_on_charges"]
        return coupon["duration"] == "forever" or start < coupon["until"]

    def _wait(self, sub: Told, line: Line) -> None:
        entry = {"for": sub["id"], "line": line}
        self.customers[sub["customer"]]["pending"].append(entry)

    def _take_waiting(self, sub: Told, name: str | None) -> list[Line]:
        """Ended stretches of an item; with None those of items that are gone."""
        taken = [
            line
            for line in sub["waiting"]
            if (line["of"] == name if name else line["of"] not in sub["items"])
        ]
        sub["waiting"] = [line for line in sub["waiting"] if line not in taken]
        return taken


def _ahead(name: str, charged: tuple[Any, ...]) -> Line:
    price, quantity, start, end, whole = charged
    period = (start, end)
    return {"of": name, "price": price, "quantity": quantity, "period": period, "whole": whole}
