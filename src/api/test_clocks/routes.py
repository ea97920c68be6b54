"""`/v1/test_helpers/test_clocks`."""

from typing import Any

from api.http.call import Call, View
from api.http.lists import ListParams, list_object
from api.http.routes import NoParams, Resource, Route
from api.test_clocks.objects import deleted_test_clock_object, test_clock_object
from api.test_clocks.params import TestClockAdvance, TestClockCreate
from ledger.kernel.ids import new_id
from ledger.test_clocks.commands import AdvanceTestClock, CreateTestClock, DeleteTestClock
from projections.test_clocks.rows import TEST_CLOCKS

TEST_CLOCK = Resource("Test clocks", "test_helpers.test_clock", "clock")
ALL = "/v1/test_helpers/test_clocks"
ONE = f"{ALL}/{{test_clock:str}}"


def _create(call: Call[TestClockCreate]) -> CreateTestClock:
    asked = call.params
    return CreateTestClock(
        test_clock=new_id("clock"), frozen_time=asked.frozen_time, name=asked.name
    )


def _advance(call: Call[TestClockAdvance]) -> AdvanceTestClock:
    return AdvanceTestClock(test_clock=call.path["test_clock"], frozen_time=call.params.frozen_time)


def _delete(call: Call[NoParams]) -> DeleteTestClock:
    return DeleteTestClock(test_clock=call.path["test_clock"])


def one_test_clock(view: View, clock_id: str) -> dict[str, Any]:
    """A test clock by its id. Raises NotFound."""
    return test_clock_object(view.rows.require(TEST_CLOCKS, "test clock", clock_id))


def _deleted(_: View, clock_id: str) -> dict[str, Any]:
    return deleted_test_clock_object(clock_id)


def _list(call: Call[ListParams]) -> dict[str, Any]:
    rows, more = call.reader().page(TEST_CLOCKS, call.params)
    return list_object(call.url, [test_clock_object(row) for row in rows], has_more=more)


ROUTES: list[Route] = [
    TEST_CLOCK.post(
        ALL,
        TestClockCreate,
        "Create a test clock",
        _create,
        one_test_clock,
        "Customers created with it live on its time. In test mode only.",
    ),
    TEST_CLOCK.page(ALL, ListParams, "List test clocks", _list),
    TEST_CLOCK.retrieve(ONE, "Retrieve a test clock", one_test_clock),
    TEST_CLOCK.post(
        f"{ONE}/advance",
        TestClockAdvance,
        "Advance a test clock",
        _advance,
        one_test_clock,
        "Forward only, at most two intervals of the shortest subscription at once, or two "
        "years without subscriptions. Poll the clock until its status is `ready`.",
    ),
    TEST_CLOCK.delete(
        ONE,
        NoParams,
        "Delete a test clock",
        _delete,
        _deleted,
        "Its customers are deleted with it.",
    ),
]
