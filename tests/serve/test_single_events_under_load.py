"""Single meter events while a server ends, or has too much to do: each is answered truly."""

import http.client
import json
import resource
import select
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest

from api.services import Services
from ledger.meter_events.events import UsageRecorded
from ledger.meter_events.writer import MOST_WAITING
from ledger.store.usage import UsageLog
from tests.meter_events.usage_shop import UsageShop
from tests.support.postgres import Database
from tests.support.raw_http import RawAnswer, RawClient
from tests.support.served import TEST_LEDGER, Served, serving

PATH = "/v1/billing/meter_events"
CLIENTS = 64
TOO_MANY = 40
ENDS_WITHIN_SECONDS = 30
OPEN_FILES = 2 * MOST_WAITING + 500


@pytest.fixture
def served_alone(database: Database, tmp_path: Path) -> Iterator[Served]:
    """One worker, with as many connections as it may have to hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, OPEN_FILES)), hard))
    with serving(
        tmp_path,
        database.app_url,
        workers=1,
        DATABASE_URL=database.app_url,
        TALLYBOOK_OWNER_DATABASE_URL=database.owner_url,
    ) as running:
        yield running
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def form_of(shop: UsageShop, identifier: str) -> bytes:
    fields = {
        "event_name": shop.event_name,
        "identifier": identifier,
        "payload[stripe_customer_id]": shop.customer,
        "payload[value]": "1",
    }
    return urlencode(fields).encode()


def headers_of(shop: UsageShop) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {shop.served.api_key}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


@dataclass
class Poster:
    """A client that posts events one after the other until the server is gone."""

    shop: UsageShop
    name: str
    statuses: Counter[int] = field(default_factory=Counter[int])
    acknowledged: list[str] = field(default_factory=list[str])
    refused: list[str] = field(default_factory=list[str])
    unanswered: list[str] = field(default_factory=list[str])

    def run(self) -> None:
        server = urlsplit(self.shop.served.base_url)
        connection = http.client.HTTPConnection(server.netloc, timeout=30)
        for number in range(1_000_000):
            identifier = f"{self.name}-{number}"
            try:
                connection.request(
                    "POST", PATH, form_of(self.shop, identifier), headers_of(self.shop)
                )
                answer = connection.getresponse()
                document = json.loads(answer.read())
            except (OSError, http.client.HTTPException):
                self.unanswered.append(identifier)
                with suppress(OSError):
                    socket.create_connection((str(server.hostname), server.port or 80), 1).close()
                    connection.close()
                    continue
                return
            self.statuses[answer.status] += 1
            if answer.status == 200:
                self.acknowledged.append(document["identifier"])
            else:
                self.refused.append(identifier)


def recorded(served: Served, identifiers: list[str]) -> list[bool]:
    """Which of them stand in the log."""
    services = Services(served.database_url, pool_size=1)
    try:
        usage = UsageLog(services.log(TEST_LEDGER).recorder, UsageRecorded.TOPIC)
        return [usage.find(identifier) is not None for identifier in identifiers]
    finally:
        services.close()


def test_nothing_acknowledged_is_lost_while_a_server_ends(served_alone: Served) -> None:
    shop = UsageShop.on(served_alone)
    posters = [Poster(shop, f"{shop.meter}-{n}") for n in range(CLIENTS)]
    threads = [threading.Thread(target=poster.run) for poster in posters]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 30
    while not all(poster.acknowledged for poster in posters):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    served_alone.process.send_signal(signal.SIGTERM)
    assert served_alone.process.wait(ENDS_WITHIN_SECONDS) == 0
    for thread in threads:
        thread.join()
    statuses = sum((poster.statuses for poster in posters), Counter[int]())
    assert set(statuses) <= {200, 503}
    assert all(recorded(served_alone, [i for p in posters for i in p.acknowledged]))
    # What was read was answered; a connection that ends without an answer had not been read.
    assert not any(recorded(served_alone, [i for p in posters for i in p.refused + p.unanswered]))


def post(client: RawClient, shop: UsageShop, identifier: str) -> None:
    body = form_of(shop, identifier)
    client.head(
        PATH,
        shop.served.api_key,
        Content_Type="application/x-www-form-urlencoded",
        Content_Length=str(len(body)),
    )
    client.send(body)


def test_a_full_queue_refuses_what_comes_and_keeps_what_waits(
    served_alone: Served, database: Database
) -> None:
    shop = UsageShop.on(served_alone)
    server = urlsplit(served_alone.base_url)
    address = str(server.hostname), server.port or 80
    answers: list[RawAnswer] = []
    with ExitStack() as opened, psycopg.connect(database.owner_url) as holding:
        clients = [
            RawClient(opened.enter_context(socket.create_connection(address, 60)))
            for _ in range(1 + MOST_WAITING + TOO_MANY)
        ]
        holding.execute("LOCK TABLE ledger.usage_keys IN EXCLUSIVE MODE")
        post(clients[0], shop, f"{shop.meter}-0")
        time.sleep(1)  # by then it is being committed, and the queue is empty
        for number, client in enumerate(clients[1:], 1):
            post(client, shop, f"{shop.meter}-{number}")
        refused = answered_first(clients, TOO_MANY)
        answers = [client.answer() for client in refused]
        holding.rollback()
        for client in clients:
            if client not in refused:
                answers.append(client.answer())
    told = [answer for answer in answers if answer.status == 429]
    assert Counter(a.status for a in answers) == {200: 1 + MOST_WAITING, 429: TOO_MANY}
    assert {a.headers["retry-after"] for a in told} == {"1"}
    assert {a.headers["stripe-should-retry"] for a in told} == {"true"}
    assert {a.document["error"]["code"] for a in told} == {"rate_limit"}
    assert shop.total() == 1 + MOST_WAITING


def answered_first(clients: list[RawClient], count: int) -> list[RawClient]:
    """Those that have an answer by the time as many as that have one, and a little later."""
    waiting = select.poll()
    for client in clients:
        waiting.register(client.connection, select.POLLIN)
    deadline = time.monotonic() + 30
    while len(waiting.poll(100)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)
    ready = {descriptor for descriptor, _ in waiting.poll(0)}
    return [client for client in clients if client.connection.fileno() in ready]
