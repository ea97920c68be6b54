"""Requests wait for a thread in a line that has an end."""

import threading
from typing import Any

import anyio
import httpx
import pytest
from litestar import Litestar

from api import app as application
from api.http.handling import Answered, RequestHandling
from api.services import Services
from tests.support.postgres import Database

THREADS, WAITING, ASKED = 1, 2, 6


def test_requests_beyond_the_line_are_refused_and_the_rest_answered(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = threading.Event()

    def answer(*_: Any) -> Answered:
        assert refused.wait(10)
        return Answered(b"{}")

    monkeypatch.setattr(application, "THREADS", THREADS)
    monkeypatch.setattr(application, "MAX_WAITING", WAITING)
    monkeypatch.setattr(RequestHandling, "answer", answer)
    services = Services(database.app_url, pool_size=1)
    answers = anyio.run(_ask, application.create_app(services), refused)
    services.close()
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * (THREADS + WAITING) + [503] * (ASKED - THREADS - WAITING)
    assert {a.headers["retry-after"] for a in answers if a.status_code == 503} == {"1"}


async def _ask(served: Litestar, refused: threading.Event) -> list[httpx.Response]:
    answers: list[httpx.Response] = []
    transport: Any = httpx.ASGITransport(app=served)  # pyright: ignore[reportArgumentType]
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as http:

        async def ask() -> None:
            answered = await http.get("/v1/customers")
            if answered.status_code == 503:
                refused.set()
            answers.append(answered)

        async with anyio.create_task_group() as group:
            for _ in range(ASKED):
                group.start_soon(ask)
                await anyio.wait_all_tasks_blocked()
    return answers
