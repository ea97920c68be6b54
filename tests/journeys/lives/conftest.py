"""Lives over one served ledger; each has books of its own, which are checked after it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.journeys.lives.living import Life
from tests.support.sdk import at
from tests.support.served import Served

Begin = Callable[..., Life]


@pytest.fixture
def begin(served: Served) -> Iterator[Begin]:
    """Begin a life at a date. After the test everything must add up in all of them."""
    key = served.new_key().key
    client = served.client(key)
    lives: list[Life] = []
    with served.http(key) as http:

        def begun(date: str, **customer: Any) -> Life:
            lives.append(Life.begin(client, http, at(date), **customer))
            return lives[-1]

        yield begun
        for life in lives:
            life.holds()


@pytest.fixture
def life(begin: Begin) -> Life:
    """A life that begins with the leap year 2024."""
    return begin("2024-01-01")
