"""`tallybook serve` ends in good order: what was asked before is answered."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.postgres import PostgresServer
from tests.support.served import Served, serving

CLIENTS = 12
ENDS_WITHIN_SECONDS = 25


@pytest.fixture
def stoppable(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Served]:
    with (
        postgres_server.database() as database,
        serving(
            tmp_path,
            database.app_url,
            DATABASE_URL=database.app_url,
            TALLYBOOK_OWNER_DATABASE_URL=database.owner_url,
        ) as running,
    ):
        yield running


def create_until_it_is_gone(served: Served, statuses: list[int], started: threading.Event) -> None:
    with served.http() as http:
        while True:
            try:
                statuses.append(http.post("/v1/customers", data={"name": "A"}).status_code)
            except httpx.TransportError:
                return
            started.set()


def test_requests_in_hand_are_answered_before_the_end(stoppable: Served) -> None:
    statuses: list[int] = []
    started = threading.Event()
    clients = [
        threading.Thread(target=create_until_it_is_gone, args=(stoppable, statuses, started))
        for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    assert started.wait(20)
    stoppable.process.send_signal(signal.SIGTERM)
    assert stoppable.process.wait(ENDS_WITHIN_SECONDS) == 0
    for client in clients:
        client.join()
    assert set(statuses) == {200}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_the_supervisor(stoppable: Served, how: signal.Signals) -> None:
    roles = ("api", "projector", "scheduler")
    processes = [pid for role in roles for pid in stoppable.process_ids(role)]
    assert len(processes) == 4
    stoppable.process.send_signal(how)
    stoppable.process.wait(ENDS_WITHIN_SECONDS)
    for pid in processes:
        subprocess.run([sys.executable, "-c", WAIT_UNTIL_GONE, str(pid)], check=True, timeout=20)


WAIT_UNTIL_GONE = """
import pathlib, sys, time
while True:
    try:
        if "State:\\tZ" in pathlib.Path("/proc", sys.argv[1], "status").read_text():
            break
    except OSError:
        break
    time.sleep(0.05)
"""
