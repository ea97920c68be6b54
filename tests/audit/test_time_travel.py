"""Answers of the past: a life is played, every answer kept, and all of them asked for again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from api.services import Services
from ledger.kernel.clock import system_now
from projections.audit.streams_behind import STREAMS_BEHIND
from projections.registry import PROJECTIONS
from projections.runtime.as_of import PastLookup
from projections.runtime.projection import Projection
from projections.runtime.tables import Table
from tests.support.http_shop import FEBRUARY, HOUR, JANUARY, HttpShop
from tests.support.served import TEST_LEDGER, Served

_DAY = 24 * HOUR
MARCH = FEBRUARY + 28 * _DAY


@dataclass
class Asked:
    """A question, and how it is asked of the past."""

    method: str
    path: str
    fields: dict[str, str]
    past_path: str


@dataclass
class Witness:
    """Who asks the same questions again and again, and keeps what was answered when."""

    served: Served
    http: httpx.Client
    coupon: str
    note: str = ""
    questions: dict[str, Asked] = field(default_factory=dict[str, Asked])
    kept: list[tuple[int, str, bytes]] = field(default_factory=list[tuple[int, str, bytes]])
    instants: dict[int, str] = field(default_factory=dict[int, str])

    def watch(self, method: str, path: str, past_path: str | None = None, **fields: str) -> None:
        name = f"{method} {path} {fields}"
        self.questions[name] = Asked(method, path, fields, past_path or path)

    def watch_object(self, path: str) -> None:
        self.watch("GET", path, f"/audit/v1/objects/{path.rpartition('/')[2]}")

    def look(self) -> None:
        """Every answer of now, with the position that the log ended at."""
        while True:
            before = self.served.head(TEST_LEDGER)
            answers = {name: self._ask(one, one.path) for name, one in self.questions.items()}
            if self.served.head(TEST_LEDGER) == before:
                break
        self.instants[before] = system_now().isoformat()
        self.kept += [(before, name, answer) for name, answer in answers.items()]

    def again(self, position: int, name: str) -> bytes:
        """The same question, as of a position."""
        return self.again_at(f"position:{position}", name)

    def again_at(self, as_of: str, name: str) -> bytes:
        asked = self.questions[name]
        return self._ask(asked, asked.past_path, as_of=as_of)

    def _ask(self, asked: Asked, path: str, **more: str) -> bytes:
        fields = {**asked.fields, **more}
        if asked.method == "POST" and path.startswith("/audit"):
            response = self.http.post(path, json=fields)
        elif asked.method == "POST":
            response = self.http.post(path, data=fields)
        else:
            response = self.http.get(path, params=fields)
        if response.status_code == 200:
            return response.content
        assert response.status_code in {400, 404}, response.text
        return str(response.json()["error"].get("code")).encode()


@pytest.fixture(scope="module")
def witness(served: Served) -> Iterator[Witness]:
    """Who has seen a whole life: usage, late usage, changes, invoices, a credit note, an end."""
    with served.http() as plain:
        shop = HttpShop(plain)
        coupon = shop.post("/v1/coupons", percent_off=25, duration="once")["id"]
        seen = Witness(served, plain, coupon)
        subscription = shop.subscribe(shop.tokens, shop.seat)["id"]
        _watch_everything(shop, seen, subscription)
        _play(shop, seen, subscription)
        yield seen


def test_every_answer_is_given_again_as_of_its_position(witness: Witness):
    answers: dict[str, set[bytes]] = {}
    for position, name, answer in witness.kept:
        answers.setdefault(name, set()).add(answer)
        assert witness.again(position, name) == answer, f"{name} at {position}"
    assert [name for name, given in answers.items() if len(given) == 1] == []


def test_an_instant_stands_for_what_was_recorded_by_then(witness: Witness):
    for position, name, answer in witness.kept[:: len(witness.questions) + 1]:
        then = witness.instants[position]
        assert witness.again_at(then, name) == answer, f"{name} at {then}"


def test_a_row_folded_from_few_streams_is_the_one_folded_from_all(witness: Witness):
    services = Services(witness.served.database_url, pool_size=2)
    try:
        compared = [_compare(services, one) for one in sorted(witness.instants)[::4]]
    finally:
        services.close()
    assert set(compared[-1]) == set(STREAMS_BEHIND)
    assert all(compared[-1].values()), compared[-1]


def _compare(services: Services, position: int) -> dict[str, int]:
    """How many rows of each table are the same either way as of a position."""
    few = services.past(TEST_LEDGER, position)
    whole = PastLookup(services.log(TEST_LEDGER), _projection_of, position)
    checked = dict.fromkeys(STREAMS_BEHIND, 0)
    for projection in PROJECTIONS:
        for table in projection.tables:
            for row in whole.all(table) if table.name in STREAMS_BEHIND else ():
                assert few.get(table, *table.key_of(row)) == row
                checked[table.name] += 1
    return checked


def _projection_of(table: Table[Any]) -> Projection:
    return next(one for one in PROJECTIONS if table in one.tables)


def _watch_everything(shop: HttpShop, witness: Witness, subscription: str) -> None:
    coupon = witness.coupon
    shop.post("/v1/tax_rates", display_name="VAT", percentage=19, inclusive=False)
    for path in (
        f"/v1/customers/{shop.customer}",
        f"/v1/subscriptions/{subscription}",
        f"/v1/prices/{shop.tokens}",
        f"/v1/billing/meters/{shop.meter}",
        f"/v1/coupons/{coupon}",
        f"/v1/test_helpers/test_clocks/{shop.clock}",
    ):
        witness.watch_object(path)
    times = {"customer": shop.customer, "start": str(JANUARY), "end": str(MARCH)}
    for more in ({}, {"window": "hour"}, {"window": "day", "limit": "100"}):
        witness.watch("GET", "/audit/v1/usage", meter=shop.meter, **times, **more)
    witness.watch("GET", "/audit/v1/usage/first")
    witness.watch(
        "POST",
        "/v1/invoices/create_preview",
        "/audit/v1/invoices/create_preview",
        subscription=subscription,
    )
    for path in ("/audit/v1/late_usage", "/audit/v1/usage_not_billed"):
        witness.watch("GET", path, customer=shop.customer)
    witness.watch("GET", "/audit/v1/events", limit="5")
    witness.watch("GET", "/audit/v1/events", stream=shop.customer)
    witness.watch("GET", "/audit/v1/replays", customer=shop.customer)
    of_customer = f"/audit/v1/customers/{shop.customer}"
    witness.watch("GET", f"{of_customer}/late_usage_policy")
    witness.watch("GET", f"{of_customer}/usage_without_subscription")


def _play(shop: HttpShop, witness: Witness, subscription: str) -> None:
    def use(identifier: str, value: int, at: int) -> None:
        shop.use(value, identifier=identifier, timestamp=at)

    one = f"/v1/subscriptions/{subscription}"
    steps: list[Callable[[], Any]] = [
        lambda: shop.advance(JANUARY + 10 * _DAY),
        lambda: use("first", 1250, JANUARY + 2 * _DAY),
        lambda: use("before", 5, JANUARY - 5 * _DAY),
        lambda: use("second", 400, JANUARY + 2 * _DAY + HOUR),
        lambda: shop.post(f"/v1/customers/{shop.customer}", name="Countess", balance=-150),
        lambda: shop.post(one, discounts=[{"coupon": witness.coupon}]),
        lambda: shop.post("/v1/invoiceitems", customer=shop.customer, amount=700, currency="usd"),
        lambda: shop.post(f"/v1/prices/{shop.tokens}", nickname="cheap"),
        lambda: shop.post(one, metadata={"team": "engine"}),
        lambda: shop.advance(FEBRUARY + 60),
    ]
    for step in steps:
        step()
        witness.look()
    [invoice] = [one for one in shop.invoices() if one["status"] == "draft"]
    _watch_invoice(witness, invoice["id"], shop.meter)
    later: list[Callable[[], Any]] = [
        lambda: None,
        lambda: use("third", 777, JANUARY + 9 * _DAY),
        lambda: shop.cancel_usage("second"),
        lambda: shop.advance(FEBRUARY + 2 * HOUR),
        lambda: use("late", 1000, JANUARY + 3 * _DAY),
        lambda: _report_only(shop),
        lambda: shop.post(f"/v1/invoices/{invoice['id']}/pay", paid_out_of_band=True),
        lambda: _credit(shop, witness, invoice["id"]),
        lambda: shop.post(f"/v1/credit_notes/{witness.note}", memo="Sorry"),
        lambda: shop.advance(FEBRUARY + 3 * _DAY),
        lambda: shop.delete(one),
        lambda: shop.post(f"/v1/billing/meters/{shop.meter}/deactivate"),
    ]
    for step in later:
        step()
        witness.look()


def _watch_invoice(witness: Witness, invoice: str, meter: str) -> None:
    [explained] = [
        one
        for one in witness.http.get(f"/audit/v1/invoices/{invoice}/explain").json()["lines"]
        if one["meter"] == meter
    ]
    witness.watch("GET", f"/audit/v1/invoices/{invoice}/lines/{explained['id']}/meter_events")
    witness.watch("GET", f"/audit/v1/invoices/{invoice}/replay")
    witness.watch_object(f"/v1/invoices/{invoice}")
    witness.watch("GET", f"/audit/v1/invoices/{invoice}/explain")
    witness.watch("GET", f"/audit/v1/invoices/{invoice}.html")


def _report_only(shop: HttpShop) -> None:
    path = f"/audit/v1/customers/{shop.customer}/late_usage_policy"
    assert shop.http.post(path, json={"policy": "report_only"}).status_code == 200


def _credit(shop: HttpShop, witness: Witness, invoice: str) -> None:
    note = shop.post("/v1/credit_notes", invoice=invoice, amount=100, out_of_band_amount=100)
    witness.note = note["id"]
    witness.watch_object(f"/v1/credit_notes/{note['id']}")
