"""Packs of a stored ledger, signed over a tree that is made in memory."""

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

from ledger.audit.evidence import verify
from ledger.audit.evidence.collecting import collect
from ledger.audit.evidence.pack import Files as Contents
from ledger.audit.evidence.pack import SignedRoot, archive, pack_files
from ledger.audit.merkle.entries import leaf_of
from ledger.audit.merkle.notes import Checkpoint, SigningKey, sign_note
from ledger.audit.merkle.tree import hashes_over, root_of, span_hash
from ledger.kernel.clock import to_microseconds
from ledger.meter_events.validation import UsageReport
from ledger.store.event_sourcing import EventSourcedLedger
from tests.support.billing_ledger import at

KEY = SigningKey(bytes(range(32)))
ORIGIN = "tallybook.example/ledger"

Files = dict[str, bytes]


def report(
    identifier: str, day: str, value: str, customer: str = "cus_a", meter: str = "tokens"
) -> UsageReport:
    """One of several meter events that are reported together."""
    payload = {"stripe_customer_id": customer, "value": value}
    return UsageReport(meter, identifier, payload, to_microseconds(at(day)), None)


def packed(ledger: EventSourcedLedger, invoice: str) -> Files:
    """The pack of an invoice, signed over the log as it is now."""
    stored = ledger.recorder.select_notifications(1, 1_000_000)
    leaves = [leaf_of(ledger.recorder.ledger_id, one) for one in stored]
    note = sign_note(Checkpoint(ORIGIN, len(leaves), root_of(leaves)), KEY)
    signed = SignedRoot(len(leaves), note, str(KEY.public(ORIGIN)))
    hash_of = hashes_over(leaves)
    usage = io.BytesIO()
    made, _ = pack_files(
        collect(ledger, invoice),
        signed,
        lambda spans: (span_hash(span, hash_of) for span in spans),
        usage,
    )
    return {
        name: content if isinstance(content, bytes) else usage.getvalue()
        for name, content in made.items()
    }


def archived(files: Contents) -> bytes:
    """The archive of a pack's files."""
    written = io.BytesIO()
    archive(files, written)
    return written.getvalue()


def verdict(files: Contents) -> list[str]:
    """What the verifier says against a pack."""
    said: list[str] = []
    holds = verify.check(verify.Pack(dict(files)), said.append)
    bad = [line for line in said if not line.startswith("ok ")]
    assert holds == (not bad)
    return bad


def listed_anew(files: Files) -> Files:
    """The pack with a manifest that lists its files as they are now."""
    manifest = json.loads(files[verify.MANIFEST])
    manifest["files"] = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
        if name != verify.MANIFEST
    }
    return {**files, verify.MANIFEST: verify.manifest_json(manifest)}


def run_verifier(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `verify.py` of a folder as an outsider does: no environment, nothing installed."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", *arguments],
        cwd=folder,
        env={},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
