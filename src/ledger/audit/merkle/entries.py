"""What a leaf of a ledger's tree commits to: one stored event.

The entry of an event is a JSON array without spaces, in UTF-8:

    ["tallybook/event/1",ledger,position,stream,version,topic,content]

`content` is in hex the SHA-256 of the stored state, inflated: deflated bytes may differ between
releases of zlib. Of `usage.recorded.*` it is that of another array

    ["tallybook/usage/1",backfill,number of records,root of their tree,SHA-256 of the metadata]

so that one meter event can be shown with the hashes of its neighbours, and nothing of theirs. The
index of a leaf is the position of its event less one (docs/adr, decisions 5 and 28).
"""

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from eventsourcing.persistence import Notification

from ledger.audit.merkle.tree import leaf_hash, leaf_hashes, root_of
from ledger.store.mapper import inflate

EVENT_FORM: Final = "tallybook/event/1"
USAGE_FORM: Final = "tallybook/usage/1"

_USAGE_TOPICS: Final = "usage.recorded."


class MalformedUsage(ValueError):
    """The stored state of a usage event is not what was ever written."""


class UsageContent(NamedTuple):
    """A stored usage event in the parts that its leaf commits to: each record by itself."""

    backfill: str | None
    records: Sequence[bytes]
    meta: bytes

    def leaves(self) -> list[bytes]:
        """The leaves of the records, by their ordinals."""
        return leaf_hashes(self.records)


class _Data(msgspec.Struct, gc=False):
    backfill: str | None
    records: list[msgspec.Raw]


class _UsageState(msgspec.Struct, gc=False):
    data: _Data
    meta: msgspec.Raw


_usage_states = msgspec.json.Decoder(_UsageState)
_json = msgspec.json.Encoder()


def is_usage(topic: str) -> bool:
    """Whether events of a topic hold meter events, each with a leaf of its own."""
    return topic.startswith(_USAGE_TOPICS)


def entry_of(ledger_id: int, stored: Notification) -> bytes:
    """The entry of an event as it is stored. Raises MalformedUsage, zlib.error."""
    return entry(
        ledger_id,
        stored.id,
        str(stored.originator_id),
        stored.originator_version,
        stored.topic,
        content_of(stored.topic, inflate(stored.state)),
    )


def leaf_of(ledger_id: int, stored: Notification) -> bytes:
    """The leaf of an event as it is stored. Raises MalformedUsage, zlib.error."""
    return leaf_hash(entry_of(ledger_id, stored))


def entry(
    ledger_id: int, position: int, stream: str, version: int, topic: str, content: str
) -> bytes:
    """The entry of an event with some content, as `content_of` gives it."""
    return _json.encode([EVENT_FORM, ledger_id, position, stream, version, topic, content])


def content_of(topic: str, state: bytes) -> str:
    """What the entry says of an event's inflated state. Raises MalformedUsage."""
    if not is_usage(topic):
        return hashlib.sha256(state).hexdigest()
    usage = usage_content(state)
    return content_of_usage(
        usage.backfill,
        len(usage.records),
        root_of(usage.leaves()).hex(),
        hashlib.sha256(usage.meta).hexdigest(),
    )


def content_of_usage(backfill: str | None, number: int, root: str, meta: str) -> str:
    """The same of a usage event in parts: `root` of the tree of its records and the SHA-256 of
    its metadata, both in hex."""
    return hashlib.sha256(_json.encode([USAGE_FORM, backfill, number, root, meta])).hexdigest()


def record_leaves(state: bytes) -> list[bytes]:
    """The leaves of the records of a usage event's inflated state. Raises MalformedUsage."""
    return usage_content(state).leaves()


def usage_content(state: bytes) -> UsageContent:
    """The parts of a usage event's inflated state, which they make up to the byte.

    Raises MalformedUsage when they do not: then nothing could vouch for the rest.
    """
    try:
        decoded = _usage_states.decode(state)
    except msgspec.DecodeError as error:
        raise MalformedUsage(str(error)) from error
    content = UsageContent(decoded.data.backfill, decoded.data.records, bytes(decoded.meta))
    if not _is_written(state, content):
        raise MalformedUsage("the state has other bytes than its records and metadata")
    return content


def _is_written(state: bytes, content: UsageContent) -> bool:
    """Whether a state that was read as this content was written of it. With that beginning and end,
    and no byte more than the records and what separates them, there can be nothing else in it."""
    begin = b'{"data":{"backfill":%b,"records":[' % _json.encode(content.backfill)
    end = b']},"meta":%b}' % content.meta
    records = sum(map(len, content.records)) + max(0, len(content.records) - 1)
    return (
        len(state) == len(begin) + records + len(end)
        and state.startswith(begin)
        and state.endswith(end)
    )
