"""Test clocks where something else refers to them."""

from collections.abc import Mapping, Sequence

from api.http.call import View
from api.http.expand import JsonObject
from api.test_clocks.objects import test_clock_object
from projections.test_clocks.rows import TEST_CLOCKS


def load_test_clocks(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Test clocks by id, for objects that refer to them."""
    rows = (view.rows.get(TEST_CLOCKS, clock_id) for clock_id in ids)
    return {row.id: test_clock_object(row) for row in rows if row}
