"""A request whose answer was lost is sent again, and counts once, whatever the door."""

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from api.meter_events.sending import UsageSending, parts_of
from tests.doors import bodies
from tests.doors.bodies import BULK, DOORS, SINGLE, Door, asked
from tests.doors.client import DoorClient, counts
from tests.doors.losing_proxy import LOSSES, Loss, losing_proxy
from tests.doors.uses import MICROSECONDS, Use
from tests.meter_events.usage_shop import UsageShop
from tests.support.served import ROOT, Served


@pytest.fixture
def shop(served: Served) -> UsageShop:
    return UsageShop.on(served)


def uses_of(shop: UsageShop, count: int) -> list[Use]:
    time = (shop.now - 60) * MICROSECONDS
    return [Use(shop.event_name, str(uuid.uuid4()), shop.customer, time, "2") for _ in range(count)]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("door", DOORS)
def test_what_is_sent_again_counts_once(shop: UsageShop, door: Door, loss: Loss) -> None:
    uses = uses_of(shop, 1 if door in SINGLE else 50)
    with losing_proxy(shop.served.base_url, asked(door, uses).path) as proxy:
        proxy.losses.extend([loss, loss])
        client = DoorClient(proxy.url, shop.served.api_key, "lost")
        answer = client.send(door, uses)
        client.close()
    assert (proxy.lost, client.told.cut_off.total(), client.told.unclear) == (2, 2, [])
    assert shop.total() == 2 * len(uses)
    if "answer" not in loss:
        return  # the server may have taken it or not
    if door in SINGLE:
        assert answer.replayed
        assert answer.document["identifier"] == uses[0].identifier
    elif door != "stream":
        assert counts(answer) == (0, len(uses), 0, 0)


@pytest.mark.parametrize("door", ["form", "v2"])
def test_without_an_idempotency_key_the_identifier_is_recognised(
    shop: UsageShop, door: Door
) -> None:
    uses = uses_of(shop, 1)
    with losing_proxy(shop.served.base_url, asked(door, uses).path) as proxy:
        proxy.losses.append("answer")
        client = DoorClient(proxy.url, shop.served.api_key, "lost")
        assert client.send(door, uses, keyed=False).recorded_before
        client.close()
    assert shop.total() == 2


def test_a_session_whose_answer_was_lost_is_begun_again(shop: UsageShop) -> None:
    with losing_proxy(shop.served.base_url, "/v2/billing/meter_event_session") as proxy:
        proxy.losses.append("answer")
        client = DoorClient(proxy.url, shop.served.api_key, "lost")
        client.send("stream", uses_of(shop, 3))
        client.close()
    assert (proxy.lost, shop.total()) == (1, 6)


@pytest.mark.parametrize("loss", ["answer", "connection", "end of the request"])
def test_the_official_client_repeats_by_itself(shop: UsageShop, loss: Loss) -> None:
    """It sends no identifier here: the key of the request is what makes it one event. An answer
    that breaks off is the one thing after which it leaves the repeating to its caller."""
    with losing_proxy(shop.served.base_url, "/v1/billing/meter_events") as proxy:
        proxy.losses.append(loss)
        client = shop.served.client(base_url=proxy.url, max_network_retries=2)
        payload = {"stripe_customer_id": shop.customer, "value": "2"}
        event = client.v1.billing.meter_events.create(
            {"event_name": shop.event_name, "payload": payload}
        )
    assert proxy.lost == 1
    assert shop.total() == 2
    assert shop.why(event.identifier).json()["status"] == "recorded"


@pytest.mark.parametrize("loss", LOSSES)
def test_usage_send_goes_on_by_itself(shop: UsageShop, tmp_path: Path, loss: Loss) -> None:
    file = tmp_path / "usage.ndjson"
    file.write_bytes(bodies.ndjson(uses_of(shop, 6_000)))
    with losing_proxy(shop.served.base_url, BULK) as proxy:
        proxy.losses.extend([loss, loss])
        sending = UsageSending(proxy.url, shop.served.api_key, pause=lambda _: None)
        sending.run(parts_of(file, "ndjson"), lambda _: None)
    found = sending.summary
    assert (proxy.lost, found.complete) == (2, True)
    assert found.counts["accepted"] + found.counts["duplicates"] == 6_000
    if "answer" in loss:
        assert found.counts["duplicates"] == 5_000
    assert shop.total() == 12_000


def test_an_import_that_was_killed_after_its_commit_is_run_again(
    shop: UsageShop, tmp_path: Path
) -> None:
    file = tmp_path / "usage.csv"
    file.write_bytes(bodies.table(uses_of(shop, 3_000)))
    (tmp_path / "after_commit.usage.recorded.v1").touch()
    command = [sys.executable, "-m", "api.main", "usage", "import", str(file)]
    command += ["--event-name", shop.event_name, "--customer-column", "stripe_customer_id"]
    command += ["--value-column", "value", "--identifier-column", "identifier"]
    environment = {**shop.served.environment, "TALLYBOOK_CRASH_POINTS": str(tmp_path)}
    said = [
        subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        for _ in range(2)
    ]
    assert [ended.returncode for ended in said] == [-9, 0], said[1].stderr
    assert "1000 events accepted, 2000 recorded before" in said[1].stdout
    assert shop.total() == 6_000
