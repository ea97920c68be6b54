"""Stored bytes of every event version, kept for ever: they are still read, and written alike."""

import re
from pathlib import Path

import pytest

from ledger.event_types import EVENT_CATALOGUE
from ledger.store.catalogue import encode_event

FIXTURES = sorted(Path(__file__).parent.glob("*.v[0-9]*.json"))


def topic_of(fixture: Path) -> str:
    """`meter.created.v1` of `meter.created.v1.json` and of `meter.created.v1.some_case.json`."""
    found = re.match(r"[a-z_.]+\.v[0-9]+", fixture.name)
    assert found is not None
    return found.group()


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.stem)
def test_stored_bytes_keep_their_meaning(fixture: Path) -> None:
    stored = fixture.read_bytes().rstrip(b"\n")
    topic = topic_of(fixture)
    event = EVENT_CATALOGUE.decode(topic, stored)
    if topic == event.TOPIC:
        assert encode_event(event) == stored


@pytest.mark.parametrize("topic", [*EVENT_CATALOGUE.topics(), *EVENT_CATALOGUE.upcasters.topics()])
def test_every_fact_is_among_them(topic: str) -> None:
    assert topic in {topic_of(fixture) for fixture in FIXTURES}
