"""The files of an evidence pack, and the archive that holds them: the same bytes however often."""

import base64
import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from io import SEEK_END
from shutil import copyfileobj
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec

from ledger.audit.evidence import verify
from ledger.audit.evidence.collecting import Evidence
from ledger.audit.evidence.disclosure import ShownEvent
from ledger.audit.evidence.multiproof import unknown_spans
from ledger.audit.evidence.own_usage import ShownUsage
from ledger.audit.merkle.tree import Span

_FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The first that an archive can say."""

_READABLE: Final = 0o100644 << 16
_UNIX: Final = 3


Files = Mapping[str, bytes | BinaryIO]
"""The files of a pack by name. The one that may be larger than memory is an open file."""

HashesOf = Callable[[Iterable[Span]], Iterable[bytes]]
"""Gives the hashes of spans of a ledger's tree, in their order."""


class SignedRoot(NamedTuple):
    """A checkpoint that covers the evidence: how many events, the signed note, the public key."""

    size: int
    note: str
    public_key: str


class Packed(NamedTuple):
    """The files of a pack by name, sorted, and how many meter events they show."""

    files: Files
    meter_events: int


def pack_files(
    evidence: Evidence, signed: SignedRoot, hashes_of: HashesOf, usage: BinaryIO
) -> Packed:
    """The files of a pack. `usage` is an empty file for the records of the customer, which is one
    of them then and has to stay open.

    Raises ValueError for a checkpoint that is too old.
    """
    document = msgspec.json.decode(evidence.document)
    positions, meter_events, of_usage = _write_usage(evidence, usage)
    made = {
        verify.INVOICE: evidence.document,
        verify.EVENTS: b"".join(map(_event_line, evidence.events)),
        verify.PROOF: _proof(evidence, positions, signed.size, hashes_of),
        verify.CHECKPOINT: signed.note.encode(),
        verify.KEY: f"{signed.public_key}\n".encode(),
        verify.LINES: verify.lines_csv(document),
        verify.STEPS: verify.steps_csv(document),
        verify.README: _own_file(verify.README),
        verify.VERIFIER: _own_file(verify.VERIFIER),
    }
    listed = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in made.items()
    }
    made[verify.MANIFEST] = verify.manifest_json(
        {
            "format": verify.FORMAT,
            "ledger_id": evidence.ledger_id,
            "invoice": evidence.invoice,
            "files": {**listed, verify.USAGE: of_usage},
        }
    )
    return Packed(dict(sorted({**made, verify.USAGE: usage}.items())), meter_events)


def archive(contents: Files, written: BinaryIO) -> None:
    """Write a zip of files, in the order given."""
    with zipfile.ZipFile(written, "w") as made:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = _UNIX, _READABLE
            if isinstance(content, bytes):
                made.writestr(entry, content)
                continue
            entry.file_size = content.seek(0, SEEK_END)
            content.seek(0)
            with made.open(entry, "w") as member:
                copyfileobj(content, member, verify.PIECE)


def what_is_wrong(contents: Files) -> list[str]:
    """What the verifier of a pack says against it; nothing if it holds."""
    said: list[str] = []
    verify.check(verify.Pack(contents), said.append)
    return [line for line in said if not line.startswith("ok ")]


def _own_file(name: str) -> bytes:
    return files("ledger.audit.evidence").joinpath(name).read_bytes()


def _event_line(event: ShownEvent) -> bytes:
    fields: dict[str, Any] = event._asdict()
    if event.state is None:
        del fields["state"]
    return msgspec.json.encode(fields) + b"\n"


def _usage_line(usage: ShownUsage) -> bytes:
    fields = {
        "position": usage.position,
        "topic": usage.topic,
        "backfill": usage.backfill,
        "count": usage.count,
        "meta": usage.meta,
        "root": usage.root,
        "records": [(one.ordinal, msgspec.Raw(one.raw)) for one in usage.records],
        "proof": list(_texts(usage.proof)),
    }
    return msgspec.json.encode(fields) + b"\n"


def _write_usage(evidence: Evidence, file: BinaryIO) -> tuple[list[int], int, dict[str, Any]]:
    """The positions of the usage events, how many records they show, and what the manifest says of
    the file."""
    positions, records, size, hashed = list[int](), 0, 0, hashlib.sha256()
    for usage in evidence.records.shown():
        line = _usage_line(usage)
        file.write(line)
        hashed.update(line)
        positions.append(usage.position)
        records, size = records + len(usage.records), size + len(line)
    return positions, records, {"bytes": size, "sha256": hashed.hexdigest()}


def _proof(evidence: Evidence, usage: Sequence[int], size: int, hashes_of: HashesOf) -> bytes:
    positions = sorted([*(event.position for event in evidence.events), *usage])
    spans = unknown_spans([position - 1 for position in positions], size)
    return msgspec.json.encode({"hashes": list(_texts(hashes_of(spans)))})


def _texts(hashes: Iterable[bytes]) -> Iterator[str]:
    return (base64.b64encode(one).decode() for one in hashes)
