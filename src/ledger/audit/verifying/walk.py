"""The events of a stretch of the log, each as it is stored, and those of them that hold usage."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from eventsourcing.persistence import Notification

from ledger.audit.merkle.entries import (
    UsageContent,
    content_of,
    content_of_usage,
    entry,
    is_usage,
    usage_content,
)
from ledger.audit.merkle.tree import HASH_BYTES, leaf_hash, root_of
from ledger.audit.verifying.findings import LOG, Findings
from ledger.audit.verifying.moment import Moment
from ledger.kernel.events import Metadata
from ledger.meter_events.events import UndecodedRecord, UsageRecorded
from ledger.store import statements
from ledger.store.catalogue import UnknownTopic
from ledger.store.mapper import inflate
from ledger.store.usage import STREAM

NO_LEAF: Final = bytes(HASH_BYTES)
"""In the place of the leaf of an event that is not there or cannot be read."""

_PAGE_EVENTS: Final = 2_000
_PAGE_BYTES: Final = 1_000_000

_records = msgspec.json.Decoder(list[UndecodedRecord])


class Stretch(NamedTuple):
    """Positions of the log from `first` through `last`."""

    first: int
    last: int


class StoredUsage(NamedTuple):
    """A usage event: its records as they are stored, and decoded as far as all need them."""

    position: int
    content: UsageContent
    records: list[UndecodedRecord]
    recorded_at: datetime


class Walked(NamedTuple):
    """An event of the log: its leaf, and what it holds if that is usage."""

    position: int
    leaf: bytes
    usage: StoredUsage | None


def walk(
    moment: Moment, ledger_id: int, stretch: Stretch, findings: Findings
) -> Iterator[list[Walked]]:
    """The events of a stretch in pages, one for each position: those that are missing as well.

    What is missing, stands there twice or cannot be read is a finding.
    """
    due = stretch.first
    for page in _pages(moment, ledger_id, stretch):
        walked: list[Walked] = []
        for stored in page:
            if stored.id < due:
                findings.add(LOG, "a second event stands there", stored.id)
                continue
            walked += _missing(Stretch(due, stored.id - 1), findings)
            walked.append(_walked(ledger_id, stored, findings))
            due = stored.id + 1
        yield walked
    if due <= stretch.last:
        yield _missing(Stretch(due, stretch.last), findings)


def _pages(moment: Moment, ledger_id: int, stretch: Stretch) -> Iterator[list[Notification]]:
    after = stretch.first - 1
    while after < stretch.last:
        found = moment.rows(
            statements.SELECT_LOG_BY_SIZE,
            ledger=ledger_id,
            after=after,
            stop=stretch.last,
            limit=_PAGE_EVENTS,
            max_bytes=_PAGE_BYTES,
        )
        if not found:
            return
        page = [
            Notification(stream, version, topic, state, position)
            for stream, version, topic, position, state in found
        ]
        yield page
        after = page[-1].id


def _missing(gap: Stretch, findings: Findings) -> list[Walked]:
    if gap.first > gap.last:
        return []
    through = f", nor at any through {gap.last}" if gap.last > gap.first else ""
    findings.add(LOG, f"no event stands there{through}", gap.first)
    return [Walked(position, NO_LEAF, None) for position in range(gap.first, gap.last + 1)]


def _walked(ledger_id: int, stored: Notification, findings: Findings) -> Walked:
    try:
        state = inflate(stored.state)
        if not is_usage(stored.topic):
            return Walked(
                stored.id, _leaf(ledger_id, stored, content_of(stored.topic, state)), None
            )
        return _walked_usage(ledger_id, stored, usage_content(state), findings)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with stored bytes is a finding
        findings.add(LOG, f"the event cannot be read: {described(error)}", stored.id)
        return Walked(stored.id, NO_LEAF, None)


def _walked_usage(
    ledger_id: int, stored: Notification, content: UsageContent, findings: Findings
) -> Walked:
    root = root_of(content.leaves()).hex()
    meta = hashlib.sha256(content.meta).hexdigest()
    said = content_of_usage(content.backfill, len(content.records), root, meta)
    leaf = _leaf(ledger_id, stored, said)
    if stored.topic != UsageRecorded.TOPIC:
        raise UnknownTopic(stored.topic)
    if stored.originator_id != STREAM or stored.originator_version != stored.id:
        place = f"version {stored.originator_version} of {stored.originator_id}"
        findings.add(LOG, f"it is {place}, not version {stored.id} of {STREAM}", stored.id)
    records = _records.decode(b"[" + b",".join(content.records) + b"]")
    recorded_at = Metadata.model_validate_json(content.meta).recorded_at
    return Walked(stored.id, leaf, StoredUsage(stored.id, content, records, recorded_at))


def _leaf(ledger_id: int, stored: Notification, content: str) -> bytes:
    place = stored.id, str(stored.originator_id), stored.originator_version, stored.topic
    return leaf_hash(entry(ledger_id, *place, content))


def described(error: Exception) -> str:
    """An error in one short line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
