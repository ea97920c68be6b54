"""What an outsider gets over HTTP and on the command line, checked with nothing of the product."""

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.support.served import Served
from tests.support.tampering import rewritten


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def root_by(leaf: bytes, index: int, size: int, proof: list[str]) -> bytes:
    """The root that a proof leads to (RFC 9162, section 2.1.3.2)."""
    at, last, found = index, size - 1, leaf
    for sibling in map(bytes.fromhex, proof):
        if at % 2 or at == last:
            found = sha256(b"\x01", sibling, found)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            found = sha256(b"\x01", found, sibling)
        at, last = at // 2, last // 2
    assert last == 0
    return found


def opened(note: str, key: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a note, after its signature is checked."""
    text, _, signature = note.partition("\n\n")
    name, _, encoded = key.split("+", 2)
    dash, signer, given = signature.rstrip("\n").split(" ")
    assert (dash, signer) == ("\u2014", name)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded)[1:])
    public.verify(base64.b64decode(given)[4:], f"{text}\n".encode())
    origin, size, root = text.split("\n")
    return origin, int(size), base64.b64decode(root)


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with served.http() as client:
        yield client


def got(http: httpx.Client, path: str, **params: Any) -> dict[str, Any]:
    answer = http.get(f"/audit/v1/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(http: httpx.Client, path: str, **params: Any) -> dict[str, Any]:
    answer = http.get(f"/audit/v1/{path}", params=params)
    assert 400 <= answer.status_code < 500, answer.text
    return answer.json()["error"]


def use(http: httpx.Client, count: int) -> list[str]:
    """Meter events of one customer, reported together; their identifiers."""
    name = f"tokens_{uuid.uuid4().hex}"
    http.post(
        "/v1/billing/meters",
        data={
            "display_name": "Tokens",
            "event_name": name,
            "default_aggregation[formula]": "sum",
        },
    ).raise_for_status()
    customer = http.post("/v1/customers", data={"name": "Ada"}).raise_for_status().json()["id"]
    identifiers = [uuid.uuid4().hex for _ in range(count)]
    lines = [
        json.dumps(
            {
                "event_name": name,
                "identifier": one,
                "timestamp": int(time.time()),
                "payload": {"stripe_customer_id": customer, "value": "1"},
            }
        )
        for one in identifiers
    ]
    http.post(
        "/ingest/v1/usage",
        content="\n".join(lines),
        headers={"Content-Type": "application/x-ndjson"},
    ).raise_for_status()
    return identifiers


def test_an_outsider_checks_a_meter_event_against_a_checkpoint(
    served: Served, http: httpx.Client
) -> None:
    identifiers = use(http, 21)
    printed = served.command("audit", "checkpoint")
    assert printed.returncode == 0, printed.stderr
    note = printed.stdout
    [key] = served.command("audit", "checkpoint", "--key").stdout.split()
    assert [one["key"] for one in got(http, "keys")["data"]] == [key]
    latest = http.get("/audit/v1/checkpoints/latest")
    assert latest.headers["content-type"].startswith("text/plain")
    assert latest.text == note
    origin, size, root = opened(note, key)
    assert origin.startswith("tallybook/acct_")

    for identifier in (identifiers[0], identifiers[13], identifiers[20]):
        proof = got(http, "proofs/inclusion", identifier=identifier, checkpoint=f"ckpt_{size}")
        assert proof["holds"]
        assert proof["checkpoint"]["note"] == note
        record = proof["record"]
        assert json.loads(record["record"])[0] == identifier
        record_leaf = sha256(b"\x00", record["record"].encode())
        record_root = root_by(
            record_leaf, record["ordinal"], record["number_of_records"], record["proof"]
        )
        content = [
            "tallybook/usage/1",
            record["backfill"],
            record["number_of_records"],
            record_root.hex(),
            record["metadata_sha256"],
        ]
        written = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
        entry = json.loads(proof["entry"])
        assert entry[-1] == sha256(written).hex()
        leaf = sha256(b"\x00", proof["entry"].encode())
        assert root_by(leaf, proof["position"] - 1, size, proof["proof"]) == root


def test_an_event_is_proved_by_its_position(served: Served, http: httpx.Client) -> None:
    use(http, 1)
    head = served.head()

    proof = got(http, "proofs/inclusion", position=2, size=head)

    leaf = sha256(b"\x00", proof["entry"].encode())
    found = root_by(leaf, 1, head, proof["proof"])
    assert (found.hex(), proof["index"], proof["record"]) == (proof["root"], 1, None)
    assert json.loads(proof["entry"])[:3] == ["tallybook/event/1", 1, 2]


def test_growth_is_proved_between_sizes(served: Served, http: httpx.Client) -> None:
    use(http, 1)
    before = served.head()
    use(http, 1)

    proof = got(http, "proofs/consistency", **{"from": before})

    assert proof["to"] >= before + 3
    roots = {
        size: got(http, "proofs/inclusion", position=1, size=size)["root"]
        for size in (before, proof["to"])
    }
    assert [proof["from_root"], proof["to_root"]] == [roots[before], roots[proof["to"]]]
    assert got(http, "proofs/consistency", **{"from": before, "to": before})["proof"] == []


def test_a_kept_checkpoint_is_held_against_the_log(
    served: Served, http: httpx.Client, tmp_path: Path
) -> None:
    use(http, 2)
    kept = tmp_path / "kept.txt"
    kept.write_text(served.command("audit", "checkpoint").stdout, encoding="utf-8")
    use(http, 2)

    held = served.command("audit", "checkpoint", "--against", str(kept))

    assert held.returncode == 0, held.stderr
    assert held.stdout.startswith("extended: ")
    as_json = served.command("audit", "checkpoint", "--against", str(kept), "--json")
    assert json.loads(as_json.stdout)["extends"] is True
    kept.write_text("no checkpoint", encoding="utf-8")
    assert served.command("audit", "checkpoint", "--against", str(kept)).returncode == 6


def test_checkpoints_are_listed_newest_first(served: Served, http: httpx.Client) -> None:
    for _ in range(2):
        use(http, 1)
        assert served.command("audit", "checkpoint", "--json").returncode == 0

    listed = got(http, "checkpoints", limit=2)

    sizes = [one["size"] for one in listed["data"]]
    assert sizes == sorted(sizes, reverse=True)
    first, second = listed["data"]
    assert got(http, "checkpoints", starting_after=first["id"])["data"][0] == second
    proof = got(http, "proofs/consistency", **{"from": second["size"], "to": first["size"]})
    assert [proof["from_root"], proof["to_root"]] == [second["root"], first["root"]]


def test_what_cannot_be_proved_is_refused_by_name(served: Served, http: httpx.Client) -> None:
    use(http, 1)
    beyond = served.head() + 1_000

    def param(path: str, **params: Any) -> str:
        return refused(http, f"proofs/{path}", **params)["param"]

    assert param("inclusion", position=0) == "position"
    assert param("inclusion", position=beyond) == "position"
    assert param("inclusion", position="first") == "position"
    assert param("inclusion") == "position"
    assert param("inclusion", position=1, size=beyond) == "size"
    assert param("inclusion", position=2, size=1) == "size"
    assert param("inclusion", position=1, checkpoint="ckpt_none") == "checkpoint"
    assert param("inclusion", identifier="never sent") == "identifier"
    assert param("consistency", **{"from": 0}) == "from"
    assert param("consistency", **{"from": beyond}) == "from"
    assert param("consistency", **{"from": 1, "to": beyond}) == "to"
    assert param("consistency", **{"from": 2, "to": 1}) == "to"
    assert param("consistency") == "from"
    both = refused(http, "proofs/inclusion", position=1, identifier="x")
    assert "position" in both["message"]
    assert "identifier" in both["message"]


def test_the_accounts_and_keys_have_checkpoints_of_their_own(
    served: Served, tmp_path: Path
) -> None:
    of_control = ("audit", "checkpoint", "--control")
    served.new_key()
    note = served.command(*of_control).stdout
    [key] = served.command(*of_control, "--key").stdout.split()
    origin, size, _ = opened(note, key)
    assert origin == "tallybook/control/0"
    assert size > 0
    kept = tmp_path / "kept.txt"
    kept.write_text(note, encoding="utf-8")
    served.new_key()
    held = served.command(*of_control, "--against", str(kept), "--public-key", key)
    assert (held.returncode, held.stdout.split(":")[0]) == (0, "extended")
    assert served.command("audit", "checkpoint", "--against", str(kept)).returncode == 6
    assert served.command("audit", "verify", "--against", str(kept)).returncode == 0
    assert served.command(*of_control, "--live").returncode == 2


def test_a_key_that_was_altered_is_seen_from_a_checkpoint_kept_outside(
    served: Served, tmp_path: Path
) -> None:
    of_control = ("audit", "checkpoint", "--control")
    issued = served.new_key()
    kept = tmp_path / "kept.txt"
    kept.write_text(served.command(*of_control).stdout, encoding="utf-8")
    owner_url = served.environment["TALLYBOOK_OWNER_DATABASE_URL"]
    as_it_was = b'"livemode":false', b'"livemode":true'
    with rewritten(owner_url, 0, "api_key.issued.v1", *as_it_was, stream=issued.id):
        held = served.command(*of_control, "--against", str(kept))
    assert (held.returncode, held.stdout.split(":")[0]) == (3, "REWRITTEN")
    assert served.command(*of_control, "--against", str(kept)).returncode == 0
