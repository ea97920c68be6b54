"""`tallybook audit export` and its route: the evidence of one invoice in one file."""

import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

import msgspec

from api.http.as_of import AsOfParams
from api.http.call import Call
from api.http.errors import INVALID_REQUEST, ApiError
from api.http.openapi import Endpoint
from api.http.routes import File, Route, query
from api.services import Services
from ledger.audit.evidence.collecting import Evidence, collect
from ledger.audit.evidence.pack import Files, SignedRoot, archive, pack_files, what_is_wrong
from ledger.audit.evidence.sqlite_file import write_sqlite
from ledger.audit.finalized import require_finalized_by
from ledger.audit.merkle.tiles import MissingHashes
from ledger.audit.merkle.tree import Span
from ledger.invoices.redrafting import UnexplainedInvoice
from ledger.kernel.commands import LedgerIdentity
from ledger.kernel.errors import LedgerError
from projections.audit.merkle.proofs import Tree
from projections.audit.merkle.queries import first_checkpoint
from projections.audit.merkle.rows import CHECKPOINTS, TILES
from projections.runtime.reader import Reader

Form = Literal["zip", "sqlite"]

_MEDIA_TYPES: Final[Mapping[Form, str]] = {
    "zip": "application/zip",
    "sqlite": "application/vnd.sqlite3",
}
_DAMAGE: Final = (LookupError, ValueError, msgspec.MsgspecError, zlib.error)
"""What is said of stored events that are not as they were written."""

_SPANS: Final = 20_000
"""How many spans of the tree are read at once; each needs a tile of 8 kB at most."""


class Unprovable(LedgerError):
    """What the log holds does not prove the invoice: it was altered, or is damaged."""


class Uncovered(LedgerError):
    """No signed checkpoint covers the invoice yet."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"No signed checkpoint covers this invoice yet: it needs one of {position} events. "
            "One is signed soon after a period closes, or at once by `tallybook audit checkpoint`."
        )


@dataclass(frozen=True, slots=True)
class Exported:
    """The evidence of an invoice: the files of its pack, and what vouches for them. What goes out
    is made in a folder that is there for the while."""

    invoice: str
    files: Files
    checkpoint: SignedRoot
    events: int
    meter_events: int
    folder: Path

    def made(self, form: Form) -> Path:
        """The one file that goes out."""
        made = self.folder / f"{self.invoice}.{form}"
        if form == "sqlite":
            write_sqlite(self.files, made)
        else:
            with made.open("wb") as written:
                archive(self.files, written)
        return made

    def document(self, made: Path) -> dict[str, Any]:
        """What was exported, as JSON."""
        with made.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        return {
            "object": "invoice_evidence",
            "invoice": self.invoice,
            "bytes": made.stat().st_size,
            "sha256": digest,
            "events": self.events,
            "meter_events": self.meter_events,
            "checkpoint": f"ckpt_{self.checkpoint.size}",
            "key": self.checkpoint.public_key,
        }


def evidence_of(
    services: Services, identity: LedgerIdentity, invoice_id: str, known: int | None = None
) -> Evidence:
    """What the log holds of an invoice, which was finalized by the position `known` if one is
    given: nothing of it is younger. Raises NotFound, InvalidRequest for a draft, Unprovable."""
    ledger = services.application(identity)
    if known is not None:
        require_finalized_by(ledger, invoice_id, known)
    try:
        return collect(ledger, invoice_id)
    except UnexplainedInvoice as missing:
        raise Unprovable(f"This invoice cannot be proved: {missing}.") from missing
    except _DAMAGE as damage:
        raise _damaged(damage) from damage


def covering(services: Services, evidence: Evidence, known: int | None = None) -> SignedRoot:
    """The oldest checkpoint that covers evidence, so that what it proves stays the same for ever;
    that was recorded by the position `known`, if one is given. Raises Uncovered."""
    reader = services.reader(evidence.ledger_id)
    reader.wait_for(CHECKPOINTS, TILES)
    row = first_checkpoint(reader, evidence.last_position)
    if row is None or (known is not None and row.sequence > known):
        raise Uncovered(evidence.last_position)
    return SignedRoot(row.size, row.note, row.key)


@contextmanager
def exported(
    services: Services, evidence: Evidence, known: int | None = None
) -> Generator[Exported]:
    """The evidence with proofs, as the verifier in it accepts it, for the block. Records are read
    and written one event of the log after the other, however many there are. See `covering`.

    Raises Uncovered, Unprovable.
    """
    signed = covering(services, evidence, known)
    reader = services.reader(evidence.ledger_id)
    with (
        TemporaryDirectory(prefix="tallybook-") as name,
        (Path(name) / "usage").open("w+b") as usage,
    ):
        try:
            packed = pack_files(evidence, signed, lambda spans: _hashes(reader, spans), usage)
        except MissingHashes as missing:
            raise Unprovable(f"The tree over the log lacks hashes: {missing}.") from missing
        except _DAMAGE as damage:
            raise _damaged(damage) from damage
        if wrong := what_is_wrong(packed.files):
            raise Unprovable(f"The log does not prove this invoice: {'; '.join(wrong)}")
        about = signed, len(evidence.events), packed.meter_events, Path(name)
        yield Exported(evidence.invoice, packed.files, *about)


def _damaged(damage: Exception) -> Unprovable:
    return Unprovable(f"This invoice cannot be proved: the log cannot be read ({damage}).")


def _hashes(reader: Reader, spans: Iterable[Span]) -> Iterator[bytes]:
    tree, rest = Tree(reader), iter(spans)
    while some := list(islice(rest, _SPANS)):
        yield from tree.hashes(some)


class EvidenceParams(AsOfParams):
    """In which form the evidence comes."""

    format: Form = "zip"


def _evidence(call: Call[EvidenceParams]) -> File:
    form = call.params.format
    try:
        evidence = evidence_of(call.services, call.identity, call.path["invoice"], call.through)
        with exported(call.services, evidence, call.through) as made:
            content = made.made(form).read_bytes()
    except (Uncovered, Unprovable) as refused:
        raise ApiError(refused.message, status=409, type=INVALID_REQUEST) from None
    name = f"{evidence.invoice}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return File(content, _MEDIA_TYPES[form], headers)


EVIDENCE: Route = query(
    Endpoint(
        method="GET",
        path="/audit/v1/invoices/{invoice:str}/evidence",
        params=EvidenceParams,
        returns="invoice_evidence",
        files=tuple(_MEDIA_TYPES.values()),
        summary="Export the evidence of an invoice",
        tag="Audit",
        description=(
            "One archive for an outsider: the invoice as it was hashed, every event it rests on, "
            "the customer's own usage records, proofs to a signed checkpoint, the steps of the "
            "rating, and `verify.py`, which checks all of it with a bare Python. The same bytes "
            "however often it is made. `format=sqlite` is the same as tables to look around in. "
            "409 when no checkpoint covers the invoice yet, or the log does not prove it."
        ),
    ),
    _evidence,
)
