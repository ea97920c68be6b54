"""`tallybook audit export` and its route: the evidence of one invoice in one file."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, Literal, NamedTuple

import msgspec

from api.http.as_of import AsOfParams
from api.http.call import Call
from api.http.errors import INVALID_REQUEST, ApiError
from api.http.openapi import Endpoint
from api.http.routes import File, Route, query
from api.services import Services
from ledger.audit.evidence.collecting import Evidence, collect
from ledger.audit.evidence.pack import SignedRoot, archive, pack_files, what_is_wrong
from ledger.audit.evidence.sqlite_file import sqlite_file
from ledger.audit.evidence.verify import sha256
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


class Exported(NamedTuple):
    """The evidence of an invoice: the files of its pack, and what vouches for them."""

    invoice: str
    files: Mapping[str, bytes]
    checkpoint: SignedRoot
    events: int
    meter_events: int

    def content(self, form: Form) -> bytes:
        """The one file that goes out."""
        return archive(self.files) if form == "zip" else sqlite_file(self.files)

    def document(self, content: bytes) -> dict[str, Any]:
        """What was exported, as JSON."""
        return {
            "object": "invoice_evidence",
            "invoice": self.invoice,
            "bytes": len(content),
            "sha256": sha256(content),
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
        raise Unprovable(
            f"This invoice cannot be proved: the log cannot be read ({damage})."
        ) from damage


def exported(services: Services, evidence: Evidence, known: int | None = None) -> Exported:
    """The evidence with proofs, as the verifier in it accepts it.

    It is proved by the oldest checkpoint that covers it, so that it stays the same for ever; that
    was recorded by the position `known`, if one is given. Raises Uncovered, Unprovable.
    """
    reader = services.reader(evidence.ledger_id)
    reader.wait_for(CHECKPOINTS, TILES)
    row = first_checkpoint(reader, evidence.last_position)
    if row is None or (known is not None and row.sequence > known):
        raise Uncovered(evidence.last_position)
    signed = SignedRoot(row.size, row.note, row.key)
    try:
        files = pack_files(evidence, signed, lambda spans: _hashes(reader, spans))
    except MissingHashes as missing:
        raise Unprovable(f"The tree over the log lacks hashes: {missing}.") from missing
    wrong = what_is_wrong(files)
    if wrong:
        raise Unprovable(f"The log does not prove this invoice: {'; '.join(wrong)}")
    meter_events = sum(len(usage.records) for usage in evidence.usage)
    return Exported(evidence.invoice, files, signed, len(evidence.events), meter_events)


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
        content = exported(call.services, evidence, call.through).content(form)
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
