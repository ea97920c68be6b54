"""How the projector goes through the log: in bounded pages, past nothing it cannot read."""

from datetime import UTC, datetime

import pytest

from api.services import Services
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.kernel.errors import Unavailable
from ledger.kernel.events import Metadata, RecordedEvent
from ledger.meter_events.events import UsageRecord, UsageRecorded, record_bytes
from ledger.meters.commands import CreateMeter
from projections.meters.projection import MetersProjection
from projections.meters.rows import METERS
from projections.runtime import log
from projections.runtime.projection import checkpoint_name
from projections.runtime.projector import Projector
from projections.test_clocks.projection import TestClocksProjection
from tests.runtime.conftest import LEDGER, Execute
from tests.store.stored import stored

OTHER = LedgerIdentity(2, "acct_other", livemode=False)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def meter(number: int) -> CreateMeter:
    return CreateMeter(
        meter=f"mtr_{number}", display_name="M", event_name=f"m{number}", formula="sum"
    )


def record_usage(services: Services, events: int, records: int) -> None:
    """Events of usage with so many records each, of about 100 bytes."""
    application = services.application(LEDGER)
    raw = [
        record_bytes(UsageRecord(f"identifier-{n:040}", "mtr_1", "cus_1", n, "1", {}))
        for n in range(records)
    ]
    metadata = Metadata(recorded_at=NOW, actor="system:test", correlation_id="c")
    for version in range(1, events + 1):
        event = RecordedEvent("usage", version, UsageRecorded.of(raw), metadata)
        application.recorder.append([application.mapper.to_stored_event(event)])


def test_a_page_is_bounded_by_the_usage_in_it(
    services: Services, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(meter(1))
    record_usage(services, events=6, records=100)
    followed = services.log(LEDGER.ledger_id)
    assert len(followed.batch(2, 200)) == 6
    monkeypatch.setattr(log, "BATCH_BYTES", 15_000)
    assert [e.position for e in followed.batch(2, 200)] == [3, 4]
    assert [e.position for e in followed.batch(4, 1)] == [5]
    assert [e.position for e in followed.batch(4, 200, 5)] == [5]
    monkeypatch.setattr(log, "BATCH_BYTES", 1)
    assert [e.position for e in followed.batch(7, 200)] == [8]
    services.projector.catch_up()
    assert services.projector.checkpoints.lag() == 0


def test_an_event_that_cannot_be_read_stops_its_ledger_alone_and_is_shown(
    services: Services, execute: Execute
) -> None:
    execute(meter(1))
    services.application(LEDGER).recorder.append([stored("thing", 1)])
    execute(meter(2))
    other = services.application(OTHER)
    circumstances = Circumstances(NOW, "system:test", "test")
    other.execute(meter(3), circumstances)
    services.projector.catch_up()

    stopped = services.projector.checkpoints.stopped()
    assert {s.projection for s in stopped} == set(services.projector.checkpoints.names)
    assert {(s.position, s.stopped_at) for s in stopped} == {(2, 3)}
    assert stopped[0].error == "UnknownTopic: no event class for topic thing.happened.v1"
    with pytest.raises(Unavailable, match="stopped at position 3"):
        services.reader(LEDGER.ledger_id).get(METERS, "mtr_1")
    assert services.reader(OTHER.ledger_id).get(METERS, "mtr_3") is not None


def test_a_projection_with_far_to_go_holds_up_none_of_the_others(
    services: Services, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.runtime.projector.PAGE_EVENTS", 2)
    for number in range(5):
        execute(meter(number))
    first = MetersProjection()
    Projector(services.datastore, services.log, [first]).catch_up()
    execute(meter(5))
    both = Projector(services.datastore, services.log, [first, TestClocksProjection()])
    both.step()
    reached = both.checkpoints.of_ledger(LEDGER.ledger_id)
    assert reached[checkpoint_name(first)].position == services.log(LEDGER.ledger_id).head()
    assert reached[checkpoint_name(TestClocksProjection())].position == 2


def test_projections_at_one_position_move_in_one_commit(
    services: Services, execute: Execute
) -> None:
    execute(meter(1))
    services.projector.catch_up()
    with services.datastore.get_connection() as conn:
        written = conn.execute(
            "SELECT count(DISTINCT xmin::text) AS commits, count(*) AS checkpoints "
            "FROM projections.checkpoints WHERE ledger_id = %s",
            (LEDGER.ledger_id,),
        ).fetchone()
    assert written == {"commits": 1, "checkpoints": len(services.projector.checkpoints.names)}
