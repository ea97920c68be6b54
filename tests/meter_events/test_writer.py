"""Meter events that are reported one at a time are recorded together."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from eventsourcing.persistence import OperationalError

from ledger.kernel.commands import Circumstances, IdempotencyClaim
from ledger.kernel.errors import QueueFull, Unavailable
from ledger.meter_events.events import UsageRecorded
from ledger.meter_events.ingestion import Verdict
from ledger.meter_events.validation import UsageReport
from ledger.meter_events.writer import SEVERAL, UsageWriter
from tests.meter_events.metered_ledger import NOW, MeteredLedger, report

SECONDS = 10


@dataclass
class Gate:
    """An ingestion that lets no group through until it is opened, and may fail some."""

    ledger: MeteredLedger
    fail: Callable[[Sequence[UsageReport]], None] = lambda _: None
    groups: list[int] = field(default_factory=list[int])
    entered: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)
    ledger_id: int = 1

    def record(self, reports: Sequence[UsageReport], circumstances: Circumstances) -> list[Verdict]:
        self.groups.append(len(reports))
        self.entered.set()
        assert self.opened.wait(SECONDS)
        self.fail(reports)
        return self.ledger.ingestion.record(reports, circumstances)


@pytest.fixture
def gate(ledger: MeteredLedger) -> Gate:
    return Gate(ledger)


@pytest.fixture
def writer(gate: Gate) -> Iterator[UsageWriter]:
    made = UsageWriter(lambda _: None, most_waiting=3)
    yield made
    gate.opened.set()
    made.close()


def asked(identifier: str, actor: str = "key:one") -> Circumstances:
    """The circumstances of a request that is named after its event, as its key is."""
    claim = IdempotencyClaim(f"key-{identifier}", b"hash")
    return Circumstances(NOW, actor, f"req_{identifier}", f"req_{identifier}", idempotency=claim)


def submit(
    writer: UsageWriter, ingestion: Any, identifier: str, actor: str = "key:one"
) -> "Future[Verdict]":
    circumstances = asked(identifier, actor)
    sent = report(identifier=identifier, claim=circumstances.idempotency)
    return writer.submit(ingestion, sent, circumstances)


def behind(writer: UsageWriter, gate: Gate, *identifiers: str) -> "list[Future[Verdict]]":
    """Reports that gather while an earlier one, `first`, is being recorded."""
    first = submit(writer, gate, "first")
    assert gate.entered.wait(SECONDS)
    return [first, *(submit(writer, gate, identifier) for identifier in identifiers)]


def results(verdicts: "list[Future[Verdict]]") -> list[str]:
    return [verdict.result(SECONDS).result for verdict in verdicts]


def test_reports_that_gather_are_one_event(writer: UsageWriter, gate: Gate) -> None:
    verdicts = behind(writer, gate, "a", "b", "c")
    gate.opened.set()
    assert results(verdicts) == ["accepted"] * 4
    assert gate.groups == [1, 3]
    placed = [(v.result().position, v.result().ordinal) for v in verdicts]
    head = gate.ledger.head()
    assert placed == [(head - 1, 0), (head, 0), (head, 1), (head, 2)]


def test_each_record_names_the_request_it_came_with(writer: UsageWriter, gate: Gate) -> None:
    verdicts = behind(writer, gate, "a")
    verdicts.append(submit(writer, gate, "b", actor="key:two"))
    gate.opened.set()
    results(verdicts)
    log = gate.ledger.recorder.select_notifications(gate.ledger.head() - 1, 2)
    alone, together = (gate.ledger.mapper.to_domain_event(stored).metadata for stored in log)
    assert (alone.actor, alone.request_id, alone.idempotency_key, alone.requests) == (
        "key:one",
        "req_first",
        "key-first",
        None,
    )
    assert (together.actor, together.request_id, together.idempotency_key) == (SEVERAL, None, None)
    assert together.requests == (("req_a", "key-a", "key:one"), ("req_b", "key-b", "key:two"))


def test_an_actor_that_all_have_in_common_is_named_once(writer: UsageWriter, gate: Gate) -> None:
    verdicts = behind(writer, gate, "a", "first", "b")
    gate.opened.set()
    assert results(verdicts) == ["accepted", "accepted", "request_repeated", "accepted"]
    [stored] = gate.ledger.recorder.select_notifications(gate.ledger.head(), 1)
    recorded = gate.ledger.mapper.to_domain_event(stored)
    assert isinstance(recorded.event, UsageRecorded)
    assert [record.identifier for record in recorded.event.records()] == ["a", "b"]
    assert recorded.metadata.actor == "key:one"
    assert recorded.metadata.requests == (("req_a", "key-a", None), ("req_b", "key-b", None))


def test_a_group_is_recorded_at_the_time_of_its_last_request(
    writer: UsageWriter, gate: Gate
) -> None:
    verdicts = behind(writer, gate, "a")
    later = replace(asked("b"), now=NOW.replace(second=30))
    sent = report(identifier="b", seconds_ago=None)
    verdicts.append(writer.submit(gate, sent, later))  # type: ignore[arg-type]
    gate.opened.set()
    results(verdicts)
    [stored] = gate.ledger.recorder.select_notifications(gate.ledger.head(), 1)
    assert gate.ledger.mapper.to_domain_event(stored).recorded_at == later.now


def test_a_line_that_is_full_takes_no_more(writer: UsageWriter, gate: Gate) -> None:
    verdicts = behind(writer, gate, "a", "b", "c")
    with pytest.raises(QueueFull):
        submit(writer, gate, "d")
    gate.opened.set()
    assert results(verdicts) == ["accepted"] * 4
    assert results([submit(writer, gate, "d")]) == ["accepted"]


def test_what_waits_at_the_end_is_recorded(writer: UsageWriter, gate: Gate) -> None:
    verdicts = behind(writer, gate, "a", "b")
    closing = threading.Thread(target=writer.close)
    closing.start()
    gate.opened.set()
    closing.join(SECONDS)
    assert all(verdict.done() for verdict in verdicts)
    assert results(verdicts) == ["accepted"] * 3
    with pytest.raises(Unavailable):
        submit(writer, gate, "late")


def test_groups_of_two_ledgers_do_not_mix(writer: UsageWriter, gate: Gate) -> None:
    other = Gate(gate.ledger)
    other.opened.set()
    verdicts = behind(writer, gate, "a")
    verdicts.append(submit(writer, other, "b"))
    verdicts.append(submit(writer, gate, "c"))
    gate.opened.set()
    assert results(verdicts) == ["accepted"] * 4
    assert (gate.groups, other.groups) == ([1, 2], [1])


def test_a_report_that_fails_does_not_fail_its_neighbours(writer: UsageWriter, gate: Gate) -> None:
    def fail(reports: Sequence[UsageReport]) -> None:
        if any(sent.identifier == "bad" for sent in reports):
            raise ValueError("nobody foresaw this")

    gate.fail = fail
    verdicts = behind(writer, gate, "a", "bad", "b")
    gate.opened.set()
    with pytest.raises(ValueError, match="nobody foresaw this"):
        verdicts.pop(2).result(SECONDS)
    assert results(verdicts) == ["accepted"] * 3


def test_when_the_database_is_away_all_are_told_and_a_retry_counts_once(
    writer: UsageWriter, gate: Gate
) -> None:
    away = True

    def fail(_: Sequence[UsageReport]) -> None:
        if away:
            raise OperationalError("the server closed the connection")

    gate.fail = fail
    head = gate.ledger.head()
    verdicts = behind(writer, gate, "a", "b")
    gate.opened.set()
    for verdict in verdicts:
        with pytest.raises(OperationalError):
            verdict.result(SECONDS)
    assert gate.groups == [1]
    assert gate.ledger.head() == head
    away = False
    names = ("first", "a", "b")
    assert results([submit(writer, gate, name) for name in names]) == ["accepted"] * 3
    assert results([submit(writer, gate, name) for name in names]) == ["request_repeated"] * 3


def test_a_follower_that_cannot_be_woken_stops_nothing(gate: Gate) -> None:
    woken: list[int] = []

    def wake(ledger_id: int) -> None:
        woken.append(ledger_id)
        raise OSError("nobody there")

    gate.opened.set()
    writer = UsageWriter(wake)
    for name in ("a", "b"):
        assert results([submit(writer, gate, name)]) == ["accepted"]
    with suppress(OSError):
        writer.close()
    assert woken == [gate.ledger_id] * 2
