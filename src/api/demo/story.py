"""The story: Hypernian sells tokens at 4 cents for every 100, and John Doe uses 3,000 of them.

It goes through HTTP alone, and looks at every answer: what is not as told ends it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from api.demo.telling import Teller, day, moment, money
from api.demo.wire import Wire
from ledger.kernel.clock import monotonic, to_epoch
from ledger.kernel.money import format_money
from ledger.kernel.periods import Cycle

EVENT_NAME: Final = "hypernian_tokens"
USED: Final = ((2, 1_250), (8, 420), (15, 980), (19, 350))
"""Days after the period's start, and the tokens used then: 3,000 in all."""

_TOKENS: Final = sum(tokens for _, tokens in USED)
_DUE: Final = 120
_CLOCK_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.1

Answer = dict[str, Any]


class NotAsTold(Exception):
    """An answer that differs from the story; the message says which."""


class ReplayDiffers(NotAsTold):
    """The invoice recomputed from the log is not the one that was issued."""


@dataclass(slots=True)
class Story:
    """Plays once, with a new customer, beginning on the first of the month of `now`."""

    wire: Wire
    teller: Teller
    now: datetime
    _clock: str = field(default="")

    def play(self) -> Answer:
        """The finalized invoice, replayed. Raises NotAsTold, or what the wire raises."""
        start = self.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        meter = self._meter()
        price = self._price(meter)
        customer = self._customer(start)
        subscription = self._subscription(customer, price)
        self._use_tokens(customer, meter, start)
        self._preview(subscription)
        draft = self._end_of_period(subscription, start)
        invoice = self._finalized(draft)
        self._replay(invoice)
        return invoice

    def _meter(self) -> str:
        self.teller.step(f"A meter adds up tokens: {EVENT_NAME}")
        known = self.wire.get("/v1/billing/meters", {"limit": 100})["data"]
        found = next((meter for meter in known if meter["event_name"] == EVENT_NAME), None)
        if found is None:
            found = self._post(
                "/v1/billing/meters",
                {
                    "display_name": "Hypernian tokens",
                    "event_name": EVENT_NAME,
                    "default_aggregation": {"formula": "sum"},
                    "customer_mapping": {
                        "event_payload_key": "stripe_customer_id",
                        "type": "by_id",
                    },
                    "value_settings": {"event_payload_key": "value"},
                },
            )
            return found["id"]
        self.teller.request("GET", "/v1/billing/meters", found["id"])
        self.teller.say("It is there from an earlier demo: an event name stays with its meter.")
        if found["status"] == "inactive":
            self._post(f"/v1/billing/meters/{found['id']}/reactivate", {})
        return found["id"]

    def _price(self, meter: str) -> str:
        self.teller.step("A price: 4 cents for every 100 tokens, billed monthly")
        price = self._post(
            "/v1/prices",
            {
                "currency": "usd",
                "unit_amount": 4,
                "billing_scheme": "per_unit",
                "transform_quantity": {"divide_by": 100, "round": "up"},
                "recurring": {"usage_type": "metered", "interval": "month", "meter": meter},
                "product_data": {"name": "Hypernian tokens"},
            },
        )
        self.teller.say(
            f"{format_money(price['unit_amount'], price['currency'])} a package of "
            f"{price['transform_quantity']['divide_by']}; a package begun counts as whole."
        )
        return price["id"]

    def _customer(self, start: datetime) -> str:
        self.teller.step("A customer, John Doe, on a test clock")
        clock = self._post(
            "/v1/test_helpers/test_clocks",
            {"frozen_time": to_epoch(start), "name": "Demo month"},
        )
        self._clock = clock["id"]
        customer = self._post("/v1/customers", {"name": "John Doe", "test_clock": self._clock})
        self.teller.say(f"For John it is {moment(clock['frozen_time'])}, until the clock moves.")
        return customer["id"]

    def _subscription(self, customer: str, price: str) -> str:
        self.teller.step("A subscription of John's to the price")
        subscription = self._post(
            "/v1/subscriptions", {"customer": customer, "items": [{"price": price}]}
        )
        _expect("The subscription's status", subscription["status"], "active")
        item = subscription["items"]["data"][0]
        period = f"{day(item['current_period_start'])} to {day(item['current_period_end'])}"
        self.teller.say(f"Its first period: {period}. Nothing is billed yet.")
        return subscription["id"]

    def _use_tokens(self, customer: str, meter: str, start: datetime) -> None:
        self.teller.step(f"John uses {_TOKENS:,} tokens")
        today = start + timedelta(days=USED[-1][0] + 1)
        self._advance(today)
        for days, tokens in USED:
            used = to_epoch(start + timedelta(days=days))
            self.wire.post(
                "/v1/billing/meter_events",
                {
                    "event_name": EVENT_NAME,
                    "payload": {"stripe_customer_id": customer, "value": str(tokens)},
                    "timestamp": used,
                },
            )
            self.teller.request(
                "POST", "/v1/billing/meter_events", f"{tokens:,} tokens on {day(used)}"
            )
        path = f"/v1/billing/meters/{meter}/event_summaries"
        window = {"start_time": to_epoch(start), "end_time": to_epoch(today)}
        summaries = self.wire.get(path, {"customer": customer, **window})
        total = sum(summary["aggregated_value"] for summary in summaries["data"])
        self.teller.request("GET", path, f"{total:,} tokens")
        _expect("The tokens summed up", total, _TOKENS)

    def _preview(self, subscription: str) -> None:
        self.teller.step("The upcoming invoice")
        preview = self._post("/v1/invoices/create_preview", {"subscription": subscription})
        self.teller.result(f"{_TOKENS:,} tokens so far: {money(preview)}")
        _expect("The amount of the upcoming invoice", preview["amount_due"], _DUE)

    def _end_of_period(self, subscription: str, start: datetime) -> str:
        self.teller.step("The period ends")
        self._advance(Cycle(start, "month").boundary(1))
        draft = self._only_invoice(subscription)
        self.teller.request("GET", f"/v1/invoices?subscription={subscription}", draft["id"])
        _expect("The invoice's status when the period has ended", draft["status"], "draft")
        due = draft["automatically_finalizes_at"]
        self.teller.say(
            f"The invoice is a draft of {money(draft)}. Late usage still counts, until "
            f"{moment(due)}."
        )
        self.teller.step("The grace period ends")
        self._advance_to(due)
        return draft["id"]

    def _finalized(self, invoice_id: str) -> Answer:
        path = f"/v1/invoices/{invoice_id}"
        invoice = self.wire.get(path)
        self.teller.request("GET", path, invoice["status"])
        self.teller.say(f"Invoice {invoice['number']}, finalized for ever:")
        lines = invoice["lines"]["data"]
        for line in lines:
            period = f"{day(line['period']['start'])} to {day(line['period']['end'])}"
            self.teller.say(f"  {line['description']}")
            self.teller.say(
                f"  {period}, quantity {line['quantity']:,}: "
                f"{format_money(line['amount'], line['currency'])}"
            )
        self.teller.result(f"Amount due: {money(invoice)}")
        _expect("The finalized invoice's status", invoice["status"], "open")
        _expect("The amount of the finalized invoice", invoice["amount_due"], _DUE)
        _expect("The quantities billed", [line["quantity"] for line in lines], [_TOKENS])
        return invoice

    def _replay(self, invoice: Answer) -> None:
        self.teller.step("The invoice computed again, from the event log alone")
        path = f"/audit/v1/invoices/{invoice['id']}/replay"
        replay = self.wire.get(path)
        self.teller.request("GET", path)
        if not replay["equal"]:
            self.teller.say("replay: DIFFERENT")
            reason = replay["unexplained"] or replay["differences"]
            raise ReplayDiffers(f"The replay of {invoice['id']} differs: {reason}")
        self.teller.result("replay: equal")
        self.teller.say(
            f"through position {replay['through_position']}, {replay['events']} events, "
            f"SHA-256 {replay['digest']}"
        )

    def _advance(self, to: datetime) -> None:
        self._advance_to(to_epoch(to))

    def _advance_to(self, seconds: int) -> None:
        one = f"/v1/test_helpers/test_clocks/{self._clock}"
        self.wire.post(f"{one}/advance", {"frozen_time": seconds})
        deadline = monotonic() + _CLOCK_SECONDS
        while self.wire.get(one)["status"] != "ready":
            if monotonic() > deadline:
                raise NotAsTold(f"The test clock {self._clock} does not get ready.")
            time.sleep(_POLL_SECONDS)
        self.teller.request("POST", f"{one}/advance", moment(seconds))

    def _only_invoice(self, subscription: str) -> Answer:
        invoices = self.wire.get("/v1/invoices", {"subscription": subscription})["data"]
        _expect("How many invoices there are", len(invoices), 1)
        return invoices[0]

    def _post(self, path: str, parameters: Mapping[str, Any]) -> Answer:
        answer = self.wire.post(path, parameters)
        self.teller.request("POST", path, answer.get("id", ""))
        return answer


def _expect(what: str, found: object, told: object) -> None:
    if found != told:
        raise NotAsTold(f"{what}: {found}, not {told} as it should be.")
