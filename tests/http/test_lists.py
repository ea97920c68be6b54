"""Pages: cursors, limits and filters by time."""

from datetime import UTC, datetime

import pytest

from api.http.errors import ApiError
from api.http.forms import decode_form
from api.http.lists import CreatedListParams, list_object
from api.http.params import parse


def page(query: str) -> CreatedListParams:
    return parse(CreatedListParams, decode_form(query.encode()))


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_a_page_has_ten_objects_unless_the_client_says_otherwise() -> None:
    assert page("").limit == 10
    assert page("limit=100&starting_after=cus_1").starting_after == "cus_1"


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1.0", ""])
def test_the_limit_is_one_to_a_hundred(limit: str) -> None:
    with pytest.raises(ApiError) as refused:
        page(f"limit={limit}")
    assert refused.value.param == "limit"


def test_both_cursors_are_refused() -> None:
    with pytest.raises(ApiError) as refused:
        page("starting_after=a&ending_before=b")
    assert (refused.value.code, refused.value.param) == ("parameters_exclusive", "ending_before")


def test_created_is_a_moment_or_bounds() -> None:
    moment, bounds, none = page("created=5"), page("created[gt]=1&created[lte]=9"), page("")
    assert moment.created is not None
    assert bounds.created is not None
    assert moment.created.bounds() == [(">=", at(5)), ("<=", at(5))]
    assert bounds.created.bounds() == [(">", at(1)), ("<=", at(9))]
    assert none.created is None


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("created=abc", "created"),
        ("created=", "created"),
        ("created[gte]=abc", "created[gte]"),
        ("created[since]=1", "created[since]"),
    ],
)
def test_a_wrong_time_is_named(query: str, param: str) -> None:
    with pytest.raises(ApiError) as refused:
        page(query)
    assert refused.value.param == param


def test_the_envelope() -> None:
    assert list_object("/v1/customers", [{"id": "cus_1"}], has_more=True) == {
        "object": "list",
        "url": "/v1/customers",
        "has_more": True,
        "data": [{"id": "cus_1"}],
    }
