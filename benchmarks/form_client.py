"""A client process that keeps connections busy with single meter events, as the SDK sends them.

Requests are written out beforehand, so that what is measured is the server. Reads its order as
JSON from standard input and writes what it saw as JSON to standard output.
"""

import asyncio
import json
import sys
import uuid
from dataclasses import dataclass, field
from time import perf_counter
from urllib.parse import urlencode

from stripe._encode import _api_encode  # pyright: ignore[reportPrivateUsage]

_TELEMETRY = json.dumps(
    {
        "bindings_version": "16.1.0",
        "lang": "python",
        "httplib": "requests",
        "telemetry_id": "0" * 32,
        "lang_version": "3.11.7",
        "platform": "Linux-6.1.0-x86_64-with-glibc2.36",
    }
)


@dataclass(frozen=True, slots=True)
class Order:
    """What to send: `events` meter events over `connections`, after `warm_up` that do not count."""

    port: int
    api_key: str
    event_name: str
    customer: str
    connections: int
    warm_up: int
    events: int


def request(order: Order) -> bytes:
    """One request with an idempotency key of its own."""
    payload = {"stripe_customer_id": order.customer, "value": "25", "model": "large"}
    fields = _api_encode({"event_name": order.event_name, "payload": payload})
    body = urlencode(list(fields)).replace("%5B", "[").replace("%5D", "]")
    lines = (
        "POST /v1/billing/meter_events HTTP/1.1",
        f"Host: 127.0.0.1:{order.port}",
        "User-Agent: Stripe/v1 PythonBindings/16.1.0",
        "Accept-Encoding: gzip, deflate",
        "Accept: */*",
        "Connection: keep-alive",
        f"X-Stripe-Client-User-Agent: {_TELEMETRY}",
        f"Authorization: Bearer {order.api_key}",
        f"Idempotency-Key: {uuid.uuid4()}",
        "Content-Type: application/x-www-form-urlencoded",
        "Stripe-Version: 2026-10-28.endive",
        f"Content-Length: {len(body)}",
        "",
        body,
    )
    return "\r\n".join(lines).encode()


@dataclass
class Run:
    """Requests to send, and what came of those that were sent."""

    requests: list[bytes]
    warm_up: int
    finished: "asyncio.Future[None]"
    latencies: list[float] = field(default_factory=list[float])
    statuses: dict[str, int] = field(default_factory=dict[str, int])
    started: float = 0.0
    ended: float = 0.0
    _sent: int = 0
    _answered: int = 0

    def next(self) -> bytes | None:
        """The next request, None when all were sent."""
        if self._sent == len(self.requests):
            return None
        if self._sent == self.warm_up:
            self.started = perf_counter()
        self._sent += 1
        return self.requests[self._sent - 1]

    def answered(self, sent_at: float, status: str) -> None:
        now = perf_counter()
        self._answered += 1
        if self.started and sent_at >= self.started:
            self.latencies.append(now - sent_at)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if self._answered == len(self.requests):
            self.ended = now
            self.finished.set_result(None)


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._received = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        if len(body) < length:
            return
        self._received = b""
        self._run.answered(self._sent_at, head[9:12].decode())
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._run.finished.done():
            self._run.finished.set_exception(exc or ConnectionError("the server hung up"))

    def _send(self) -> None:
        following = self._run.next()
        if following is not None:
            self._sent_at = perf_counter()
            self._transport.write(following)


async def send(order: Order) -> dict[str, object]:
    """Send everything; rate and latencies of what followed the warm-up."""
    loop = asyncio.get_running_loop()
    requests = [request(order) for _ in range(order.warm_up + order.events)]
    run = Run(requests, order.warm_up, loop.create_future())
    for _ in range(order.connections):
        await loop.create_connection(lambda: Connection(run), "127.0.0.1", order.port)
    await run.finished
    latencies = sorted(run.latencies)
    return {
        "per_second": order.events / (run.ended - run.started),
        "p50_ms": 1000 * latencies[len(latencies) // 2],
        "p99_ms": 1000 * latencies[len(latencies) * 99 // 100],
        "max_ms": 1000 * latencies[-1],
        "statuses": run.statuses,
    }


if __name__ == "__main__":
    json.dump(asyncio.run(send(Order(**json.load(sys.stdin)))), sys.stdout)
