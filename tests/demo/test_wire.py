"""The demo's client writes requests as the official one does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from stripe import StripeClient

from api.demo.wire import RequestRefused, Wire, encode_form

KEY = "sk_test_1234567890"
METER = {
    "display_name": "Hypernian tokens",
    "event_name": "hypernian_tokens",
    "default_aggregation": {"formula": "sum"},
    "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
    "value_settings": {"event_payload_key": "value"},
}
# Each request has its own, the library that carries it decides, or it says whose client it is.
OWN = {
    "Accept-Encoding",
    "Host",
    "Idempotency-Key",
    "X-Stripe-Client-Telemetry",
    "X-Stripe-Client-User-Agent",
}


@dataclass
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Recorder(ThreadingHTTPServer):
    """Answers everything with an empty object, or with what is told, and remembers it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.received: list[Received] = []
        self.answer: tuple[int, bytes] = (200, b"{}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = cast(Recorder, self.server)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        server.received.append(Received(self.command, self.path, dict(self.headers), body))
        status, answer = server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing on standard error."""


@contextmanager
def recording() -> Iterator[Recorder]:
    with Recorder() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Recorder]:
    with recording() as running:
        yield running


@pytest.fixture
def wire(server: Recorder) -> Iterator[Wire]:
    client = Wire(server.url, KEY)
    yield client
    client.close()


def official(server: Recorder) -> StripeClient:
    addresses: Any = {"api": server.url, "meter_events": server.url}
    return StripeClient(KEY, base_addresses=addresses, max_network_retries=0)


def without_own(request: Received) -> tuple[Any, ...]:
    headers = {k: v for k, v in request.headers.items() if k not in OWN}
    return request.method, request.target, headers, request.body


def test_a_post_has_the_same_headers_and_bytes(server: Recorder, wire: Wire) -> None:
    official(server).v1.billing.meters.create(cast(Any, METER))
    wire.post("/v1/billing/meters", METER)
    theirs, ours = server.received
    assert without_own(ours) == without_own(theirs)
    assert ours.headers.keys() == theirs.headers.keys()


def test_a_list_in_a_body_is_numbered_as_theirs(server: Recorder, wire: Wire) -> None:
    order = {"customer": "cus_1", "items": [{"price": "price_1"}, {"price": "price_2"}]}
    official(server).v1.subscriptions.create(cast(Any, order))
    wire.post("/v1/subscriptions", order)
    theirs, ours = server.received
    assert ours.body == theirs.body
    assert ours.body == b"customer=cus_1&items[0][price]=price_1&items[1][price]=price_2"


def test_every_post_has_an_idempotency_key_of_its_own(server: Recorder, wire: Wire) -> None:
    wire.post("/v1/customers", {"name": "John Doe"})
    wire.post("/v1/customers", {"name": "John Doe"})
    keys = {request.headers["Idempotency-Key"] for request in server.received}
    assert len(keys) == 2


def test_a_get_sends_its_parameters_in_the_query(server: Recorder, wire: Wire) -> None:
    wire.get("/v1/invoices", {"subscription": "sub_1", "limit": 3})
    assert server.received[0].target == "/v1/invoices?subscription=sub_1&limit=3"
    assert "Idempotency-Key" not in server.received[0].headers


def test_text_is_encoded_as_a_form() -> None:
    assert encode_form({"name": "Émile & Sons", "a": {"b c": 1}}) == (
        "name=%C3%89mile+%26+Sons&a[b+c]=1"
    )


def test_a_refusal_is_raised_in_the_servers_words(server: Recorder, wire: Wire) -> None:
    server.answer = (404, b'{"error": {"message": "No such customer: \'cus_1\'"}}')
    with pytest.raises(RequestRefused, match=r"404 No such customer: 'cus_1'"):
        wire.get("/v1/customers/cus_1")


def test_a_server_that_is_gone_is_an_os_error() -> None:
    with recording() as server:
        url = server.url
    with pytest.raises(OSError, match="GET /healthz"):
        Wire(url, KEY).get("/healthz")
