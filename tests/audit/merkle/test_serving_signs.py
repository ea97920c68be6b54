"""`serve` signs checkpoints by itself, with the key of the setting, and none without news."""

import time
from collections.abc import Callable
from pathlib import Path

from ledger.audit.merkle.notes import PublicKey, SigningKey, open_note
from tests.support.postgres import PostgresServer
from tests.support.served import Served, serving

_WITHIN_SECONDS = 60.0


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _WITHIN_SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def signed_size(served: Served) -> int:
    with served.http() as client:
        listed = client.get("/audit/v1/checkpoints").json()["data"]
    return listed[0]["size"] if listed else 0


def environment_of(process: int) -> bytes:
    return (Path("/proc") / str(process) / "environ").read_bytes()


def test_checkpoints_are_signed_while_there_is_news(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    key = SigningKey.generate()
    file = tmp_path / "key"
    file.write_text(key.secret(), encoding="ascii")
    with (
        postgres_server.database() as database,
        serving(
            tmp_path,
            database.app_url,
            workers=1,
            DATABASE_URL=database.app_url,
            TALLYBOOK_OWNER_DATABASE_URL=database.owner_url,
            TALLYBOOK_SIGNING_KEY_FILE=str(file),
            TALLYBOOK_CHECKPOINT_INTERVAL_SECONDS="1",
        ) as served,
        served.http() as client,
    ):
        for name in ("Ada", "Grace"):
            client.post("/v1/customers", data={"name": name}).raise_for_status()
            last = served.head()
            wait_until(lambda last=last: signed_size(served) >= last)
        note = client.get("/audit/v1/checkpoints/latest").text
        origin = note.partition("\n")[0]
        assert open_note(note, [key.public(origin)]).size == signed_size(served)
        [kept] = client.get("/audit/v1/keys").json()["data"]
        assert PublicKey.parse(kept["key"]) == key.public(origin)

        head = served.head()
        time.sleep(7)  # longer than from one look for due checkpoints to the next
        assert served.head() == head

        secret = key.secret().encode()
        for role in ("api", "projector"):
            assert not any(secret in environment_of(one) for one in served.process_ids(role))
        assert any(secret in environment_of(one) for one in served.process_ids("scheduler"))
