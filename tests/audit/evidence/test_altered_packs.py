"""Whatever is altered in a pack is found and named, also where the manifest is made to fit."""

import base64
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.audit.evidence import verify
from ledger.audit.merkle.notes import Checkpoint, SigningKey, sign_note
from tests.support.evidence import ORIGIN, Files, archived, listed_anew, run_verifier, verdict

NAMES = sorted(verify.READ)


def with_byte_changed(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("name", NAMES)
def test_a_byte_of_each_file_is_altered(files: Files, name: str) -> None:
    size = len(files[name])
    for place in sorted({0, 1, size // 3, size // 2, size - 2, size - 1}):
        altered = {**files, name: with_byte_changed(files[name], place)}
        found = verdict(altered)
        assert found, f"byte {place} of {name}"
        assert name in found[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_cut_short_or_empty(files: Files, name: str) -> None:
    for content in (files[name][:-1], files[name][: len(files[name]) // 2], b""):
        found = verdict({**files, name: content})
        assert name in found[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_removed(files: Files, name: str) -> None:
    rest = {other: content for other, content in files.items() if other != name}
    assert any(f"{name}: is missing" in one or f"{name} is missing" in one for one in verdict(rest))
    if name != verify.MANIFEST:
        assert f"{name} is missing" in verdict(listed_anew(rest))[0]


@pytest.mark.parametrize("name", ["other.txt", "folder/invoice.json", "INVOICE.JSON"])
def test_a_file_is_added(files: Files, name: str) -> None:
    added = {**files, name: b"{}"}
    assert verdict(added) == [f"BAD  files: {name} is not listed in manifest.json"]
    assert verdict(listed_anew(added)) == [f"BAD  files: {name} is not a part of a pack"]


@pytest.mark.parametrize("name", NAMES)
def test_the_archive_is_damaged_where_a_file_stands(
    files: Files, tmp_path: Path, name: str
) -> None:
    whole = archived(files)
    place = whole.index(name.encode()) + len(name) + 4
    (tmp_path / "pack.zip").write_bytes(with_byte_changed(whole, place))
    (tmp_path / "verify.py").write_bytes(files[verify.VERIFIER])
    done = run_verifier(tmp_path, "pack.zip")
    assert done.returncode == 3
    assert done.stdout.startswith(f"BAD  {name}: is damaged in the archive")
    assert "Traceback" not in done.stderr


def test_the_archive_is_cut_short(files: Files, tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_bytes(files[verify.VERIFIER])
    for length in (0, 10, 5_000):
        (tmp_path / "pack.zip").write_bytes(archived(files)[:length])
        done = run_verifier(tmp_path, "pack.zip")
        assert done.returncode == 3
        assert "BAD  pack.zip: is no archive that can be read" in done.stdout


# -- The manifest is made to fit -------------------------------------------------------------------


def changed(name: str, change: Callable[[Any], object]) -> Callable[[Files], Files]:
    """One JSON document, or the last line of several, with something changed in it."""

    def change_file(files: Files) -> Files:
        *before, last = files[name].splitlines()
        value = json.loads(last)
        value = change(value) or value
        return {**files, name: b"\n".join([*before, verify.plain_json(value)])}

    return change_file


def record_with(field: int, value: object) -> Callable[[Files], Files]:
    def change(usage: dict[str, Any]) -> None:
        usage["records"][0][1][field] = value

    return changed(verify.USAGE, change)


def usage_with_another_root(usage: dict[str, Any]) -> None:
    """A forged value whose tree was computed again."""
    usage["records"][0][1][4] = "1"
    ordinals = [ordinal for ordinal, _ in usage["records"]]
    leaves = [verify.leaf_hash(verify.plain_json(one)) for _, one in usage["records"]]
    proof = [base64.b64decode(one) for one in usage["proof"]]
    usage["root"] = verify.rebuilt_root(usage["count"], ordinals, leaves, proof).hex()


def other_total(event: dict[str, Any]) -> None:
    """A forged fact whose digest was computed again."""
    event["state"] = event["state"].replace('"total":3128', '"total":1128')
    event["content"] = verify.sha256(event["state"].encode())


def without_first_line(name: str) -> Callable[[Files], Files]:
    return lambda files: {**files, name: files[name].split(b"\n", 1)[1]}


def signed_by_another(files: Files) -> Files:
    other = SigningKey(bytes(32))
    _, size, root = files[verify.CHECKPOINT].decode().split("\n")[:3]
    checkpoint = Checkpoint(ORIGIN, int(size), base64.b64decode(root))
    return {**files, verify.CHECKPOINT: sign_note(checkpoint, other).encode()}


def older_checkpoint(files: Files) -> Files:
    text = files[verify.CHECKPOINT].decode().split("\n")
    return {**files, verify.CHECKPOINT: "\n".join([text[0], "5", *text[2:]]).encode()}


FORGERIES: dict[str, tuple[Callable[[Files], Files], str]] = {
    "a record's value": (record_with(4, "1"), "usage.jsonl: cannot be read: a record of the usage"),
    "a record's time": (record_with(3, 1), "usage.jsonl: cannot be read: a record of the usage"),
    "a record's customer": (record_with(2, "cus_x"), "usage.jsonl: cannot be read: a record of"),
    "a record and its tree": (changed(verify.USAGE, usage_with_another_root), "do not lead to"),
    "a record left out": (
        changed(verify.USAGE, lambda usage: usage["records"].pop()),
        "usage.jsonl: cannot be read",
    ),
    "a usage event left out": (without_first_line(verify.USAGE), "proof.json"),
    "an event left out": (without_first_line(verify.EVENTS), "proof.json"),
    "usage with something more": (
        changed(verify.USAGE, lambda usage: usage | {"note": "trust me"}),
        "has other fields",
    ),
    "an event's state": (
        changed(verify.EVENTS, lambda event: event | {"state": event["state"] + " "}),
        "events.jsonl: cannot be read: the event at",
    ),
    "an event and its digest": (changed(verify.EVENTS, other_total), "do not lead to"),
    "an event's version": (
        changed(verify.EVENTS, lambda event: event | {"version": 9}),
        "do not lead to",
    ),
    "an event's place": (
        changed(verify.EVENTS, lambda event: event | {"position": event["position"] + 1}),
        "proof.json: a leaf is not in the tree",
    ),
    "the total": (
        changed(verify.INVOICE, lambda document: document | {"total": "1"}),
        "invoice.json: is not the document that was recorded",
    ),
    "a hash of the proof": (
        changed(verify.PROOF, lambda proof: {"hashes": ["A" * 43 + "=", *proof["hashes"][1:]]}),
        "do not lead to",
    ),
    "a hash more": (
        changed(verify.PROOF, lambda proof: {"hashes": [*proof["hashes"], "A" * 43 + "="]}),
        "proof.json: the proof is too long",
    ),
    "a hash less": (
        changed(verify.PROOF, lambda proof: {"hashes": proof["hashes"][1:]}),
        "proof.json: the proof is too short",
    ),
    "a table": (
        lambda files: {**files, verify.LINES: files[verify.LINES].replace(b"3100", b"1100")},
        "lines.csv: does not say what",
    ),
    "the steps": (
        lambda files: {**files, verify.STEPS: files[verify.STEPS].replace(b"3100", b"1100")},
        "steps.csv: does not say what",
    ),
    "another's signature": (signed_by_another, "checkpoint.txt: cannot be read: it is not signed"),
    "the size that was signed": (older_checkpoint, "the signature is not that of what is signed"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_that_fits_the_manifest_is_found(files: Files, forgery: str) -> None:
    forge, named = FORGERIES[forgery]
    forged = forge(files)
    assert forged != files
    found = verdict(listed_anew(forged))
    assert any(named in one for one in found), found


@pytest.mark.parametrize(
    ("field", "value"), [("ledger_id", 1), ("invoice", "in_x"), ("format", "tallybook/evidence/9")]
)
def test_the_manifest_says_something_else(files: Files, field: str, value: object) -> None:
    manifest = json.loads(files[verify.MANIFEST]) | {field: value}
    altered = {**files, verify.MANIFEST: verify.manifest_json(manifest)}
    assert verdict(altered)
    spaced = {**files, verify.MANIFEST: files[verify.MANIFEST] + b" "}
    assert "it is not written as manifests are" in verdict(spaced)[0]


def test_noise_never_makes_the_verifier_stumble(files: Files) -> None:
    """Every file is replaced by JSON of the wrong kind, and by noise."""
    for name in NAMES:
        for content in (b"null", b"[]", b"{}", b'{"position":1}\n', b"\xff\xfe", b"1" * 5_000):
            assert verdict({**files, name: content})
            if name not in (verify.MANIFEST, verify.VERIFIER):
                assert verdict(listed_anew({**files, name: content}))


def test_the_same_file_twice_in_an_archived(files: Files, tmp_path: Path) -> None:
    whole = archived(files)
    twice = whole.replace(b"lines.csv", b"steps.csv")
    assert zlib.crc32(twice) != zlib.crc32(whole)
    (tmp_path / "pack.zip").write_bytes(twice)
    (tmp_path / "verify.py").write_bytes(files[verify.VERIFIER])
    done = run_verifier(tmp_path, "pack.zip")
    assert done.returncode == 3
    assert "BAD  steps.csv: is in the archive twice" in done.stdout


def test_another_program_in_the_pack_is_told(files: Files, tmp_path: Path) -> None:
    """It cannot vouch for itself; a program from elsewhere says that this one is another."""
    forged = listed_anew({**files, verify.VERIFIER: b"print('Everything holds')"})
    (tmp_path / "pack.zip").write_bytes(archived(forged))
    (tmp_path / "verify.py").write_bytes(files[verify.VERIFIER])
    done = run_verifier(tmp_path, "pack.zip")
    assert "note the verify.py in the pack is not the one that checks it" in done.stdout
