"""`/audit/v1/checkpoints`, `proofs` and `keys`: evidence for outsiders that the log only grew."""

from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from api.audit import proofs
from api.audit.checkpoints import checkpoint_object
from api.http.as_of import AsOfParams
from api.http.call import Call, known_by
from api.http.lists import ListParams, list_object
from api.http.openapi import Endpoint
from api.http.params import RequestParams, exclusive, missing
from api.http.routes import File, Route, query
from api.http.wire_types import Id, PositiveInt, text
from ledger.audit.merkle.notes import PublicKey
from ledger.kernel.errors import NotFound
from projections.audit.merkle.queries import last_checkpoint, log_keys
from projections.audit.merkle.rows import CHECKPOINTS

_TAG: Final = "Audit"
_NOTE: Final = "text/plain"


class CheckpointList(ListParams, AsOfParams):
    """A page of checkpoints."""


class InclusionParams(RequestParams):
    """What is to be proved, and in which extent of the log."""

    position: PositiveInt | None = None
    identifier: Annotated[str, text(100)] | None = None
    checkpoint: Id | None = None
    size: PositiveInt | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        exclusive(self, "position", "identifier")
        exclusive(self, "checkpoint", "size")
        if self.position is None and self.identifier is None:
            raise missing("position")
        return self


class ConsistencyParams(RequestParams):
    """Two sizes of the log."""

    from_: PositiveInt = Field(alias="from")
    to: PositiveInt | None = None


def _list(call: Call[CheckpointList]) -> dict[str, Any]:
    view = call.view()
    rows, more = view.reader().page(CHECKPOINTS, call.params, sequence=known_by(view))
    return list_object(call.url, [checkpoint_object(row) for row in rows], has_more=more)


def _latest(call: Call[AsOfParams]) -> File:
    reader = call.reader()
    reader.wait_for(CHECKPOINTS)
    last = last_checkpoint(reader, through=call.through)
    if last is None:
        raise NotFound("checkpoint", "latest")
    return File(last.note.encode(), _NOTE)


def _inclusion(call: Call[InclusionParams]) -> dict[str, Any]:
    asked, ledger_id = call.params, call.identity.ledger_id
    if asked.position is None:
        place = proofs.place_of_record(call.services, ledger_id, asked.identifier or "")
    else:
        place = proofs.Place(asked.position)
    reader = call.reader()
    extent = proofs.extent_of(reader, place.position, asked.checkpoint, asked.size)
    return proofs.inclusion_document(reader, place, extent)


def _consistency(call: Call[ConsistencyParams]) -> dict[str, Any]:
    return proofs.consistency_document(call.reader(), call.params.from_, call.params.to)


def _keys(call: Call[AsOfParams]) -> dict[str, Any]:
    found = [
        {
            "object": "log_key",
            "id": PublicKey.parse(one.key).key_id.hex(),
            "key": one.key,
            "checkpoints": one.checkpoints,
            "first_size": one.first_size,
            "last_size": one.last_size,
        }
        for one in log_keys(call.reader(), call.through)
    ]
    return list_object(call.url, found, has_more=False)


ROUTES: list[Route] = [
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/checkpoints",
            params=CheckpointList,
            returns="checkpoint",
            summary="List signed checkpoints",
            tag=_TAG,
            listed=True,
            description=(
                "What the hash tree over the log was at a size, newest first: signed at intervals, "
                "and after a period closes. `root` is in hex, `note` the signed note."
            ),
        ),
        _list,
    ),
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/checkpoints/latest",
            params=AsOfParams,
            returns="checkpoint",
            files=(_NOTE,),
            summary="The last signed checkpoint as a note",
            tag=_TAG,
            description=(
                "For an outsider to keep: who has it can tell later whether anything recorded "
                "before it was changed."
            ),
        ),
        _latest,
    ),
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/proofs/inclusion",
            params=InclusionParams,
            returns="inclusion_proof",
            summary="Prove that an event is in the log",
            tag=_TAG,
            description=(
                "Of the event at a `position`, or of the meter event with an `identifier`: then "
                "`record` proves it within its event. The proof leads to the root of a "
                "`checkpoint`, or of the log at a `size`; by default of the last checkpoint if it "
                "covers the event, else of the log as it is now. `entry` is what the leaf is the "
                "hash of; hashes are in hex, in the order of RFC 6962."
            ),
        ),
        _inclusion,
    ),
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/proofs/consistency",
            params=ConsistencyParams,
            returns="consistency_proof",
            summary="Prove that the log only grew",
            tag=_TAG,
            description=(
                "Between the sizes `from` and `to`, by default the size of now; hashes are in hex, "
                "in the order of RFC 6962."
            ),
        ),
        _consistency,
    ),
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/keys",
            params=AsOfParams,
            returns="log_key",
            summary="The keys that signed checkpoints",
            tag=_TAG,
            listed=True,
            description=(
                "Public keys as C2SP's signed notes write them, the one that signed last first. An "
                "outsider keeps the key together with a checkpoint."
            ),
        ),
        _keys,
    ),
]
