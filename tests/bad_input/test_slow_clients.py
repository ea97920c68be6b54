"""Clients of the bulk door that send a byte now and then: nobody waits with them."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.accounts.first_start import ensure_default_account, seed_key
from api.app import create_app
from api.meter_events import bulk_body
from api.serve.supervisor import listen
from api.services import Services
from tests.meter_events.usage_shop import UsageShop, counts, ndjson
from tests.support.postgres import Database
from tests.support.raw_http import RawClient, raw_client
from tests.support.served import Served

PATH = "/ingest/v1/usage"
NDJSON = "application/x-ndjson"
KEY = "sk_test_" + "s" * 24
SLOW_CLIENTS = 24
"""Three times as many as there are threads for bodies in all workers."""


def begin(client: RawClient, key: str) -> None:
    client.head(PATH, key, Content_Type=NDJSON, Transfer_Encoding="chunked")


def threads_of(process: int) -> int:
    status = (Path("/proc") / str(process) / "status").read_text()
    return int(status.partition("Threads:")[2].split()[0])


def test_slow_clients_hold_no_thread(served: Served) -> None:
    shop = UsageShop.on(served)
    body = ndjson(shop.records(100))
    with ExitStack() as opened:
        clients = [opened.enter_context(raw_client(served.base_url)) for _ in range(SLOW_CLIENTS)]
        for client in clients:
            begin(client, served.api_key)
        for _ in range(3):
            for client in clients:
                client.chunk(b"{")
            assert counts(shop.send(body))[2:] == (0, 0)
        before = [threads_of(process) for process in served.process_ids("api")]
        for client in clients:
            client.chunk(b"{")
        time.sleep(0.2)
        assert [threads_of(process) for process in served.process_ids("api")] == before
        assert max(before) < SLOW_CLIENTS
        assert shop.total() == 100


@pytest.fixture
def impatient(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """A server in this process that waits for a second where others wait for a minute."""
    monkeypatch.setattr(bulk_body, "PIECE_SECONDS", 1)
    services = Services(database.app_url, pool_size=4, follow_inline=True)
    ensure_default_account(services)
    seed_key(services, KEY)
    with listen("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(create_app(services), log_level="warning"))
        running = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        running.start()
        headers = {"Authorization": f"Bearer {KEY}"}
        try:
            with httpx.Client(base_url=url, headers=headers, timeout=30) as http:
                yield http
        finally:
            server.should_exit = True
            running.join()
            services.close()


def lines_of(http: httpx.Client, records: int) -> bytes:
    """Records for a new meter and customer."""
    meter = {"display_name": "t", "event_name": "t", "default_aggregation[formula]": "sum"}
    assert http.post("/v1/billing/meters", data=meter).status_code == 200
    customer = http.post("/v1/customers").json()["id"]
    record = '{"event_name":"t","identifier":"%d","timestamp":%d,"payload":%s}'
    payload = f'{{"stripe_customer_id":"{customer}","value":"1","note":"{"x" * 100}"}}'
    now = int(time.time())
    return "\n".join(record % (n, now, payload) for n in range(records)).encode()


def test_a_client_that_is_too_slow_is_told_what_was_taken(impatient: httpx.Client) -> None:
    records = 6_000
    body = lines_of(impatient, records)
    with raw_client(str(impatient.base_url)) as client:
        begin(client, KEY)
        client.chunk(body[:-1_000])
        answered = client.answer()
        assert client.is_closed()
    assert answered.status == 408
    assert "The body comes too slowly: 524288 bytes took more than 1 seconds." in answered.message
    accepted = answered.document["accepted"]
    assert 0 < accepted < records
    assert f"taken through line {accepted};" in answered.message
    again = impatient.post(PATH, content=body, headers={"Content-Type": NDJSON})
    assert counts(again) == (records - accepted, accepted, 0, 0)


def test_a_client_that_sends_a_byte_a_second_is_told(impatient: httpx.Client) -> None:
    with raw_client(str(impatient.base_url)) as client:
        begin(client, KEY)
        for _ in range(4):
            client.chunk(b"{")
            time.sleep(0.3)
        answered = client.answer()
        assert client.is_closed()
    assert answered.status == 408
    assert "Send it in parts." in answered.message
