"""The log of an installation whose first invoices were issued by rating engine 1."""

import json
from typing import Final

from eventsourcing.persistence import StoredEvent

from api.services import Services
from ledger.kernel.commands import LedgerIdentity
from ledger.meter_events.events import UsageRecorded, record_bytes
from ledger.store.mapper import deflate
from ledger.store.usage import UsageLog
from ledger.store.usage_batch import UsageBatch
from tests.audit.test_old_engines import LOG

RUNNING: Final = 22
"""The position at which `sub_a` runs on: its invoice of January was issued an hour before."""


def begin(services: Services, identity: LedgerIdentity) -> dict[str, str]:
    """Put that log into an empty ledger, until 1 February 2026, 01:00; digests of its invoices."""
    told, *events = (json.loads(line) for line in LOG.read_text().splitlines())
    application = services.application(identity)
    recorder, mapper = application.recorder, application.mapper
    usage = UsageLog(recorder, UsageRecorded.TOPIC)
    for stream, version, topic, state in events[:RUNNING]:
        stored = StoredEvent(stream, version, topic, deflate(state.encode()))
        event = mapper.to_domain_event(stored).event
        if isinstance(event, UsageRecorded):
            _record(usage, event, stored.state, recorder.head()[0])
        else:
            recorder.append([stored])
    assert recorder.head()[0] == RUNNING
    return {of: told["invoices"][of] for of in list(told["invoices"])[:2]}


def _record(usage: UsageLog, event: UsageRecorded, state: bytes, head: int) -> None:
    """Usage as it was stored, with the keys of its identifiers."""
    batch = UsageBatch()
    for record in event.records():
        batch.add(record.identifier, record_bytes(record))
    usage.append(batch, lambda _: state, validated_at=head, disturbed_by=())
