"""Pages that a process reads ahead: the same as those of a thread, and what goes wrong is told."""

import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import Pipe
from threading import Thread

import pytest

from api.services import Services
from ledger.kernel.errors import Conflict
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.events import UsageRecorded
from ledger.store.datastore import Datastore
from projections.audit.merkle.projection import MerkleProjection
from projections.meter_events.projection import MeterEventsProjection
from projections.meter_events.rollup_rows import USAGE_ROLLUPS
from projections.runtime.log import Log, UnreadableEvent
from projections.runtime.projection import Projection
from projections.runtime.rebuild import ahead, workers
from projections.runtime.rebuild.ahead import LogRange, Page, Pages, by_process, by_thread, serve
from projections.runtime.rebuild.rebuilding import Plan, rebuild
from projections.runtime.rebuild.workers import Crew
from tests.meter_events.followed_ledger import Followed
from tests.meter_events.metered_ledger import MeteredLedger, report
from tests.support.postgres import Database

USAGE: Sequence[Projection] = [MeterEventsProjection()]
_ledger_ids = itertools.count(70_001)


@pytest.fixture
def followed(datastore: Datastore) -> Followed:
    ledger = MeteredLedger(datastore, next(_ledger_ids))
    ledger.meter()
    ledger.customer()
    return Followed(ledger)


@contextmanager
def other_end(log_of: Callable[[int], Log]) -> Generator[Pages]:
    """What a process answers, without the process."""
    ours, theirs = Pipe()
    thread = Thread(target=serve, args=(theirs, log_of, USAGE))
    thread.start()
    try:
        yield by_process(ours)
    finally:
        ours.close()
        thread.join()


def whole(followed: Followed) -> LogRange:
    return LogRange(followed.ledger.ledger_id, 0, followed.ledger.head())


def without_usage(events: list[RecordedEvent]) -> list[RecordedEvent]:
    return [recorded for recorded in events if not isinstance(recorded.event, UsageRecorded)]


def test_pages_are_those_of_a_thread(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_PAGE_EVENTS", 3)
    values = ["1", "-0.000000000001", "999999999999999"]
    for n in range(9):
        events = [
            report(identifier=f"e-{n}-{m}", seconds_ago=100 * (m % 2), value=values[m], model="a")
            for m in range(3)
        ]
        followed.ledger.record(*events)
    followed.ledger.execute(CancelMeterEvent(identifier="e-3-1", event_name="tokens"))
    here = [*by_thread(lambda _: followed.log)(USAGE, whole(followed))]
    with other_end(lambda _: followed.log) as pages:
        there = [*pages(USAGE, whole(followed))]
        again = [*pages(USAGE, whole(followed))]
    assert len(there) == len(again) == len(here) > 3
    for mine, sent in zip(here, there, strict=True):
        assert (sent.since, sent.past, sent.records) == (mine.since, mine.past, mine.records)
        assert sent.prepared == mine.prepared
        assert without_usage(sent.events) == without_usage(mine.events)
        assert [e.recorded_at for e in sent.events] == [e.recorded_at for e in mine.events]
    assert [page.prepared[0] is None for page in there].count(True) == 1
    [unprepared] = [page for page in zip(here, there, strict=True) if page[1].prepared[0] is None]
    assert unprepared[0].events == unprepared[1].events


class Unsendable(Exception):
    """Has no form that can be read back."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} {other}")


@pytest.mark.parametrize(
    ("error", "told", "sendable"),
    [
        (UnreadableEvent(7, ValueError("no such topic")), "^ValueError: no such topic$", True),
        (Conflict("Another process is at it."), "^Another process is at it.$", True),
        (ZeroDivisionError("division by zero"), "^division by zero$", True),
        (Unsendable("no", "form"), "^Unsendable: no form$", False),
    ],
)
def test_what_goes_wrong_is_raised_where_it_was_asked_for(
    followed: Followed, error: Exception, told: str, sendable: bool
) -> None:
    class Broken(Log):
        def batches(
            self, after: int, limit: int, through: int, size: int = 1
        ) -> Iterator[list[RecordedEvent]]:
            yield from itertools.islice(super().batches(after, 1, through, size), 1)
            raise error

    ledger = followed.ledger
    broken = Broken(ledger.recorder, ledger.mapper)
    with other_end(lambda _: broken) as pages:
        reading = pages(USAGE, whole(followed))
        assert next(reading).past == 1
        with pytest.raises(type(error) if sendable else RuntimeError, match=told) as raised:
            next(reading)
    assert getattr(raised.value, "position", None) == getattr(error, "position", None)


def test_a_process_that_is_gone_is_missed() -> None:
    ours, theirs = Pipe()
    theirs.close()
    with pytest.raises(Conflict, match="reads ahead ended"):
        next(by_process(ours)(USAGE, LogRange(1, 0, 10)))


def test_nobody_is_served_whose_end_is_closed(followed: Followed) -> None:
    ours, theirs = Pipe()
    ours.send(whole(followed))
    ours.close()
    serve(theirs, lambda _: followed.log, USAGE)


def test_a_page_is_small_without_the_usage_that_was_prepared(followed: Followed) -> None:
    followed.ledger.record(*(report(identifier=f"e-{n}") for n in range(50)))
    with other_end(lambda _: followed.log) as pages:
        [page] = pages(USAGE, whole(followed))
    assert isinstance(page, Page)
    [usage] = [e.event for e in page.events if isinstance(e.event, UsageRecorded)]
    assert usage.records_json == b"[]"
    assert page.records == 50 + len(page.events) - 1


@pytest.mark.parametrize("cancels", [True, False])
def test_several_processes_build_usage_as_one_does(
    database: Database, services: Services, cancels: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_WORTH_EVENTS", 1)
    with Datastore(database.app_url, pool_size=2) as datastore:
        ledger = MeteredLedger(datastore, 1)
        ledger.meter()
        ledger.customer()
        followed = Followed(ledger)
        for batch in range(30):
            usage = [report(identifier=f"e-{batch}-{n}", seconds_ago=20 * n) for n in range(25)]
            ledger.record(*usage)
            if cancels and batch == 15:
                ledger.execute(CancelMeterEvent(identifier="e-2-2", event_name="tokens"))
        followed.project()
        head = ledger.head()
        assert len({row.split("resolution=")[1][:4] for row in followed.kept(USAGE_ROLLUPS)}) == 3
    plan = Plan(drops=True, crew=Crew(2, database.app_url, database.owner_url))
    projections = [*USAGE, MerkleProjection()]
    results = rebuild(database.owner_url, projections, services.log, lambda *_: None, plan)
    assert [result.equal for result in results] == [True, True]
    assert [result.records for result in results] == [head + 30 * 24] * 2
