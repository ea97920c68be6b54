"""Usage filtered and grouped by payload keys, whether the meter declares them or not."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel.clock import to_microseconds
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.quantities import decimal_text
from ledger.meter_events.aggregation import MeterDefinition, MeteredEvent, tally
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.formulas import FORMULAS
from ledger.meters.events import Formula, TimeWindow
from projections.meter_events.rolled import Grouping
from projections.meter_events.rollups import DAY, HOUR
from projections.meter_events.summaries import Summary, SummaryQuery, summaries
from tests.meter_events.followed_ledger import AGES, MIDNIGHT_AFTER, VALUES, Followed
from tests.meter_events.metered_ledger import NOW, report

TEXTS = st.sampled_from([None, "a", "b", "B", "", "a b", "\N{LATIN SMALL LETTER E WITH ACUTE}"])


class Reported(NamedTuple):
    """A meter event of some seconds ago, with its texts under `model` and `region`."""

    seconds_ago: int
    value: str
    model: str | None
    region: str | None
    cancelled: bool

    def dimensions(self) -> dict[str, str]:
        texts = {"model": self.model, "region": self.region}
        return {key: text for key, text in texts.items() if text is not None}


EVENTS = st.lists(
    st.builds(Reported, AGES, VALUES, TEXTS, TEXTS, st.sampled_from([False, False, False, True])),
    min_size=1,
    max_size=14,
)


def record(followed: Followed, name: str, events: list[Reported]) -> dict[int, Reported]:
    """Record events one by one and cancel some; those that count, by position."""
    counted: dict[int, Reported] = {}
    for n, event in enumerate(events):
        identifier = f"{name}-{n}"
        texts: Any = event.dimensions()
        [verdict] = followed.ledger.record(
            report(name, identifier, value=event.value, seconds_ago=event.seconds_ago, **texts)
        )
        assert verdict.position is not None
        counted[verdict.position] = event
        if n % 3 == 0:
            followed.project()
        if event.cancelled:
            followed.ledger.execute(CancelMeterEvent(identifier=identifier, event_name=name))
            del counted[verdict.position]
    return counted


Answer = dict[tuple[int, tuple[str | None, ...]], str]
"""Values by the start of their stretch, in epoch seconds, and the texts they are grouped by."""


def answered(followed: Followed, query: SummaryQuery) -> Answer:
    found = summaries(followed.reader(), query)
    assert len({summary.id for summary in found}) == len(found)
    assert found == sorted(found, key=_order)
    assert all(list(summary.dimensions) == list(query.group_by) for summary in found)
    return {
        (s.start_time, tuple(s.dimensions.values())): decimal_text(s.aggregated_value)
        for s in found
    }


def _order(summary: Summary) -> tuple[int, list[tuple[bool, str]]]:
    """Newest first, then by the texts, code point by code point, and null at the end."""
    return -summary.start_time, [(t is None, t or "") for t in summary.dimensions.values()]


def expected(counted: Mapping[int, Reported], query: SummaryQuery) -> Answer:
    """What a tally of each stretch and combination of texts says."""
    whole = (query.end - query.start) // timedelta(seconds=1)
    width = {None: whole, "hour": HOUR, "day": DAY}[query.grouping]
    survivors = _surviving(counted, query.meter)
    keyed: dict[tuple[int, tuple[str | None, ...]], list[MeteredEvent]] = {}
    first, last = to_microseconds(query.start), to_microseconds(query.end)
    for event, reported in survivors:
        texts = reported.dimensions()
        if not first <= event.timestamp < last:
            continue
        if all(texts.get(key) == text for key, text in query.filters.items()):
            start = first + (event.timestamp - first) // (width * 1_000_000) * width * 1_000_000
            group = tuple(texts.get(key) for key in query.group_by)
            keyed.setdefault((start // 1_000_000, group), []).append(event)
    plain = MeterDefinition(query.meter.id, query.meter.formula)
    return {
        (start, group): decimal_text(tally(plain, first, last, events).quantity)
        for (start, group), events in keyed.items()
    }


def _surviving(
    counted: Mapping[int, Reported], meter: MeterDefinition
) -> list[tuple[MeteredEvent, Reported]]:
    """The events a formula is applied to: with an event_time_window, the last of each."""
    kept: dict[int, tuple[MeteredEvent, Reported]] = {}
    width = {None: None, "hour": HOUR, "day": DAY}[meter.event_time_window]
    for position, reported in counted.items():
        timestamp = to_microseconds(NOW) - reported.seconds_ago * 1_000_000
        event = MeteredEvent(position, 0, timestamp, reported.value)
        kept[position if width is None else timestamp // (width * 1_000_000)] = event, reported
    return sorted(kept.values(), key=lambda one: one[0].position)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    events=EVENTS,
    formula=st.sampled_from(sorted(FORMULAS)),
    window=st.sampled_from([None, None, "hour", "day"]),
    declared=st.sampled_from([(), ("model",), ("model", "region")]),
    filters=st.dictionaries(st.sampled_from(["model", "region"]), st.sampled_from(["a", "b"])),
    group_by=st.sampled_from([(), ("model",), ("region",), ("region", "model"), ("other",)]),
    stretch=st.tuples(
        st.sampled_from([None, "hour", "day"]), st.integers(0, 72), st.integers(1, 72)
    ),
)
def test_usage_by_payload_keys_is_what_the_events_say(
    followed: Followed,
    events: list[Reported],
    formula: Formula,
    window: TimeWindow | None,
    declared: tuple[str, ...],
    filters: dict[str, str],
    group_by: tuple[str, ...],
    stretch: tuple[Grouping | None, int, int],
) -> None:
    name = uuid.uuid4().hex
    meter = followed.ledger.meter(name, formula, window, declared)
    counted = record(followed, name, events)
    grouping, *hours = stretch
    width = 24 if grouping == "day" else 1
    offset, length = (number // width * width for number in hours)
    end = MIDNIGHT_AFTER - timedelta(hours=offset)
    start = end - timedelta(hours=max(length, width))
    query = SummaryQuery(meter, "cus_a", start, end, grouping, filters=filters, group_by=group_by)
    assert answered(followed, query) == expected(counted, query)


def test_events_without_a_declared_key_are_counted_under_null(followed: Followed) -> None:
    meter = followed.ledger.meter("calls", "sum", None, ("model",))
    followed.ledger.record(
        report("calls", "1", value="1", model="large"),
        report("calls", "2", value="2"),
        report("calls", "3", value="4", model="large", region="eu"),
    )
    start, end = MIDNIGHT_AFTER - timedelta(days=1), MIDNIGHT_AFTER
    query = SummaryQuery(meter, "cus_a", start, end, group_by=("model",))
    found = summaries(followed.reader(), query)
    assert {s.dimensions["model"]: s.aggregated_value for s in found} == {"large": 5, None: 2}
    undeclared = SummaryQuery(meter, "cus_a", start, end, group_by=("region",))
    found = summaries(followed.reader(), undeclared)
    assert {s.dimensions["region"]: s.aggregated_value for s in found} == {"eu": 4, None: 3}


def test_groups_without_end_are_refused(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.meter_events.summaries.MOST_DIVIDED", 2)
    meter = followed.ledger.meter("calls", "sum", None, ("model",))
    followed.ledger.record(*(report("calls", str(n), request=f"r{n}") for n in range(3)))
    times = MIDNIGHT_AFTER - timedelta(days=1), MIDNIGHT_AFTER
    with pytest.raises(InvalidRequest) as refused:
        summaries(followed.reader(), SummaryQuery(meter, "cus_a", *times, group_by=("request",)))
    assert refused.value.param == "dimension_group_by_keys"
    few = SummaryQuery(meter, "cus_a", *times, filters={"request": "r1"}, group_by=("request",))
    assert [s.aggregated_value for s in summaries(followed.reader(), few)] == [1]


def test_an_id_says_what_a_summary_is_of(followed: Followed) -> None:
    meter = followed.ledger.meter("calls", "sum", None, ("model",))
    followed.ledger.record(report("calls", "1", model="large", region="eu"))
    times = MIDNIGHT_AFTER - timedelta(days=1), MIDNIGHT_AFTER
    queries = [
        SummaryQuery(meter, "cus_a", *times),
        SummaryQuery(meter, "cus_a", *times, filters={"model": "large"}),
        SummaryQuery(meter, "cus_a", *times, group_by=("model",)),
        SummaryQuery(meter, "cus_a", *times, group_by=("region",)),
        SummaryQuery(meter, "cus_a", *times, filters={"region": "eu"}, group_by=("model",)),
    ]
    ids = [summary.id for query in queries for summary in summaries(followed.reader(), query)]
    assert len(set(ids)) == len(queries)
    again = [summary.id for query in queries for summary in summaries(followed.reader(), query)]
    assert again == ids
