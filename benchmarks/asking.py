"""A client that asks one question after another over one connection, and how long answers take."""

import http.client
import json
import statistics
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.support.served import Served

Request = Callable[[], Any]


class Asking:
    """Form-encoded requests with the key of an installation."""

    def __init__(self, served: Served) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(served.base_url).netloc, timeout=60)
        self._headers = {
            "Authorization": f"Bearer {served.api_key}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def get(self, path: str, **fields: Any) -> Any:
        """The answer to a query that must succeed."""
        return self._asked("GET", f"{path}?{urlencode(fields)}", None)

    def post(self, path: str, **fields: Any) -> Any:
        """The answer to a request that must succeed."""
        return self._asked("POST", path, urlencode(fields))

    def _asked(self, method: str, target: str, body: str | None) -> Any:
        self._connection.request(method, target, body, self._headers)
        answer = self._connection.getresponse()
        said = json.loads(answer.read())
        assert answer.status == 200, said
        return said


def timed(request: Request, times: int, warm_up: int = 0) -> list[float]:
    """Milliseconds of each answer."""
    return [seen for _ in range(warm_up + times) for seen in [milliseconds(request)]][warm_up:]


def milliseconds(request: Request) -> float:
    """How long one answer takes."""
    begun = time.perf_counter()
    request()
    return (time.perf_counter() - begun) * 1_000


def p50(seen: list[float]) -> float:
    return statistics.median(seen)


def p99(seen: list[float]) -> float:
    return statistics.quantiles(seen, n=100)[98]
