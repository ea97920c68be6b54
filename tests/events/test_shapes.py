"""An event's stored shape changes with its version only."""

from typing import ClassVar

from ledger.event_types import EVENT_CATALOGUE
from ledger.kernel.events import DomainEvent
from ledger.meters.events import MeterCreated, MeterDeactivated
from ledger.store.upcasting import Upcasters
from tests.events.shapes import current_shapes, problems, shape_of, written_shapes


def test_every_event_has_the_shape_that_was_written_down():
    assert problems(current_shapes(), written_shapes(), EVENT_CATALOGUE.upcasters) == []


def test_a_new_field_without_a_new_version_is_found():
    class Reworded(MeterCreated):
        colour: str | None = None

    [problem] = problems(current_shapes([Reworded]), only(MeterCreated), Upcasters())
    assert problem.startswith("meter.created.v2 has another shape: without [], with ['colour: ")
    assert "give the class the next version" in problem


def test_a_field_of_another_type_is_found_at_any_depth():
    class Reworded(DomainEvent):
        TOPIC: ClassVar[str] = MeterDeactivated.TOPIC
        deactivated_at: str

    [problem] = problems(current_shapes([Reworded]), only(MeterDeactivated), Upcasters())
    assert "without ['deactivated_at: string (date-time)']" in problem
    nested = [line for line in shape_of(find("invoice.drafted")) if line.count(".") > 1]
    assert "lines[].period.start: string (date-time)" in nested


def test_a_new_version_needs_its_shape_written_down_and_an_upcaster_from_the_old_one():
    class Newer(MeterDeactivated):
        TOPIC: ClassVar[str] = "meter.deactivated.v9"

    unwritten, unread = problems(current_shapes([Newer]), only(MeterDeactivated), Upcasters())
    assert unwritten.startswith("meter.deactivated.v9 is stored and not written down")
    assert (
        unread
        == "meter.deactivated.v1 was stored once and can be read no more: give it an upcaster"
    )
    upcasters = Upcasters()
    upcasters.register("meter.deactivated.v1", Newer.TOPIC)(dict)
    assert (
        problems(current_shapes([Newer]), current_shapes([MeterDeactivated, Newer]), upcasters)
        == []
    )


def only(event: type[DomainEvent]) -> dict[str, list[str]]:
    return current_shapes([event])


def find(name: str) -> type[DomainEvent]:
    return next(each for each in EVENT_CATALOGUE if each.TOPIC.startswith(name))
