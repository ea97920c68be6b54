"""Proofs from a ledger's tree as JSON. Hashes are in hex, in the order of RFC 6962."""

import hashlib
from typing import Any, NamedTuple

from eventsourcing.persistence import Notification

from api.audit.checkpoints import checkpoint_object
from api.services import Services
from ledger.audit.merkle import entries, tree
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.meter_events.events import UsageRecorded
from ledger.store.mapper import inflate
from ledger.store.usage import UsageLog
from projections.audit.merkle.proofs import Tree
from projections.audit.merkle.queries import last_checkpoint
from projections.audit.merkle.rows import CHECKPOINTS, CheckpointRow
from projections.runtime.reader import Reader


class Place(NamedTuple):
    """An event, or one record of a usage event."""

    position: int
    ordinal: int | None = None


class Extent(NamedTuple):
    """How much of a log a proof is about, and the checkpoint that says so, if one does."""

    size: int
    checkpoint: CheckpointRow | None


def place_of_record(services: Services, ledger_id: int, identifier: str) -> Place:
    """Where a meter event was recorded. Raises NotFound, naming the parameter."""
    recorder = services.log(ledger_id).recorder
    found = UsageLog(recorder, UsageRecorded.TOPIC).find(identifier)
    if found is None:
        raise NotFound("meter event", identifier, param="identifier")
    return Place(*found)


def extent_of(reader: Reader, position: int, checkpoint: str | None, size: int | None) -> Extent:
    """The extent that was asked for; by default the last checkpoint if the event is in it, else
    the log as it is now. Raises NotFound and InvalidRequest, naming the parameter."""
    head = Tree(reader).wait()
    if position > head:
        raise InvalidRequest(
            f"The log has {head} events: there is none at position {position}.", param="position"
        )
    if checkpoint is not None:
        row = reader.require(CHECKPOINTS, "checkpoint", checkpoint, param="checkpoint")
        return _covering(position, Extent(row.size, row), "checkpoint")
    if size is None:
        last = last_checkpoint(reader, covering=position)
        return Extent(last.size, last) if last else Extent(head, None)
    if size > head:
        raise InvalidRequest(
            f"The log has {head} events: it never had a size of {size}.", param="size"
        )
    return _covering(position, Extent(size, None), "size")


def _covering(position: int, extent: Extent, param: str) -> Extent:
    if position > extent.size:
        raise InvalidRequest(
            f"The event at position {position} is not among the first {extent.size}.", param=param
        )
    return extent


def inclusion_document(reader: Reader, place: Place, extent: Extent) -> dict[str, Any]:
    """The proof that an event is among the first of the log, and of a record that it is in it.

    `holds` is false where the log has another event there than the tree was grown from.
    """
    root, proof = Tree(reader).inclusion(place.position, extent.size)
    stored = _stored(reader, place.position)
    content, record = _content(stored, place.ordinal)
    entry = entries.entry(
        reader.ledger_id,
        stored.id,
        str(stored.originator_id),
        stored.originator_version,
        stored.topic,
        content,
    )
    index, leaf = place.position - 1, tree.leaf_hash(entry)
    return {
        "object": "inclusion_proof",
        "position": place.position,
        "index": index,
        "size": extent.size,
        "root": root.hex(),
        "entry": entry.decode(),
        "leaf": leaf.hex(),
        "proof": [one.hex() for one in proof],
        "record": record,
        "checkpoint": checkpoint_object(extent.checkpoint) if extent.checkpoint else None,
        "holds": tree.verify_inclusion(leaf, index, extent.size, proof, root),
    }


def consistency_document(reader: Reader, first: int, size: int | None) -> dict[str, Any]:
    """The proof that the log of `size` events, by default all of them, begins with the log of
    `first`. Raises InvalidRequest, naming the parameter."""
    kept = Tree(reader)
    head = kept.wait()
    to = head if size is None else size
    for param, given in (("from", first), ("to", to)):
        if given > head:
            raise InvalidRequest(
                f"The log has {head} events: it never had a size of {given}.", param=param
            )
    if first > to:
        raise InvalidRequest(
            f"A log only grows: one of {to} events does not extend one of {first}.", param="to"
        )
    return {
        "object": "consistency_proof",
        "from": first,
        "to": to,
        "from_root": kept.root(first).hex(),
        "to_root": kept.root(to).hex(),
        "proof": [one.hex() for one in kept.consistency(first, to)],
    }


def _stored(reader: Reader, position: int) -> Notification:
    if reader.log is None:
        raise LookupError("a proof is made from the log")
    return UsageLog(reader.log.recorder, UsageRecorded.TOPIC).at(position)


def _content(stored: Notification, ordinal: int | None) -> tuple[str, dict[str, Any] | None]:
    """What the entry of an event says of its content, and the proof of one of its records with
    what that is made of, if one is asked for."""
    state = inflate(stored.state)
    if ordinal is None:
        return entries.content_of(stored.topic, state), None
    usage = entries.usage_content(state)
    leaves = usage.leaves()
    hash_of, number = tree.hashes_over(leaves), len(leaves)
    root = tree.span_hash(tree.Span(0, number), hash_of).hex()
    meta = hashlib.sha256(usage.meta).hexdigest()
    spans = tree.inclusion_spans(ordinal, number)
    record = {
        "ordinal": ordinal,
        "record": bytes(usage.records[ordinal]).decode(),
        "leaf": leaves[ordinal].hex(),
        "number_of_records": number,
        "root": root,
        "proof": [tree.span_hash(span, hash_of).hex() for span in spans],
        "backfill": usage.backfill,
        "metadata_sha256": meta,
    }
    return entries.content_of_usage(usage.backfill, number, root, meta), record
