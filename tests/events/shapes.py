"""The stored shape of every event class, written down, so that it changes with a version only.

`python -m tests.events.shapes` writes down the shapes of new topics. It never changes one that is
there: what a release has stored is read for ever.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ledger.event_types import EVENT_CATALOGUE
from ledger.kernel.events import DomainEvent, Metadata
from ledger.kernel.personal import MARK
from ledger.meter_events.events import UsageRecord, UsageRecorded
from ledger.store.upcasting import Upcasters

SHAPES = Path(__file__).with_name("shapes.json")
METADATA = "(metadata of every event)"

Shape = list[str]
Shapes = Mapping[str, Shape]


def shape_of(model: type[DomainEvent] | type[Metadata]) -> Shape:
    """A line for each field at any depth: its path, its type, and whether it may be absent."""
    if issubclass(model, UsageRecorded):
        return sorted(_usage_lines())
    return sorted(_lines(model.model_json_schema(mode="serialization"), {}, ""))


def current_shapes(classes: Iterable[type[DomainEvent]] | None = None) -> dict[str, Shape]:
    """The shapes that this code stores, by topic."""
    events = EVENT_CATALOGUE if classes is None else classes
    return {METADATA: shape_of(Metadata)} | {each.TOPIC: shape_of(each) for each in events}


def written_shapes() -> dict[str, Shape]:
    """The shapes as they were written down."""
    return json.loads(SHAPES.read_text())


def problems(current: Shapes, written: Shapes, upcasters: Upcasters) -> list[str]:
    """Where the code stores, or reads, something else than what was written down."""
    return [
        *_changed(current, written),
        *(
            f"{topic} is stored and not written down: run python -m tests.events.shapes"
            for topic in current
            if topic not in written
        ),
        *(
            f"{topic} was stored once and can be read no more: give it an upcaster"
            for topic in written
            if topic not in current and not upcasters.knows(topic)
        ),
    ]


def _changed(current: Shapes, written: Shapes) -> Iterator[str]:
    for topic, shape in current.items():
        before = written.get(topic, shape)
        gone = [line for line in before if line not in shape]
        new = [line for line in shape if line not in before]
        if gone or new:
            yield (
                f"{topic} has another shape: without {gone}, with {new}. Stored events never "
                "change: give the class the next version as its TOPIC, add an upcaster from this "
                "one to ledger/event_types.py, and keep its stored bytes in tests/events"
            )


def _lines(schema: dict[str, Any], definitions: dict[str, Any], path: str) -> Iterator[str]:
    definitions = definitions | schema.get("$defs", {})
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    for choice in schema.get("anyOf", ()):
        yield from _lines(choice, definitions, path)
    if isinstance(schema.get("items"), dict):
        yield from _lines(schema["items"], definitions, f"{path}[]")
    for index, item in enumerate(schema.get("prefixItems", ())):
        yield from _lines(item, definitions, f"{path}[{index}]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _lines(schema["additionalProperties"], definitions, f"{path}{{}}")
    for name, field in schema.get("properties", {}).items():
        yield from _lines(field, definitions, f"{path}.{name}" if path else name)
    if path and schema.get(MARK):
        yield f"{path}: sealed"
    if path and "anyOf" not in schema:
        yield f"{path}: {_type(schema)}"


def _type(schema: dict[str, Any]) -> str:
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(sorted(map(json.dumps, schema["enum"])))
    name = schema.get("type", "anything")
    return f"{name} ({schema['format']})" if "format" in schema else name


def _usage_lines() -> Iterator[str]:
    """A record is an array, which its class writes by itself."""
    yield "backfill: string"
    yield "backfill: null"
    record: dict[str, Any] = msgspec.json.schema(UsageRecord)
    yield from _lines(record, {}, "records[]")


def main() -> None:
    """Write down the shapes of topics that are not written down yet."""
    shapes = current_shapes() | written_shapes() if SHAPES.exists() else current_shapes()
    SHAPES.write_text(json.dumps(dict(sorted(shapes.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
