"""Stored events without meaning, for tests that are about places alone."""

from eventsourcing.persistence import StoredEvent


def stored(stream: str, version: int, state: bytes = b'{"data":{},"meta":{}}') -> StoredEvent:
    """One event of a stream."""
    return StoredEvent(stream, version, "thing.happened.v1", state)


def run_of(stream: str, count: int, start: int = 1) -> list[StoredEvent]:
    """Consecutive events of a stream."""
    return [stored(stream, version) for version in range(start, start + count)]
