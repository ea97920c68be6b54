"""The scene that all refusals are tried in."""

from collections.abc import Iterator

import pytest

from tests.bad_input.scene import Scene, setting
from tests.support.served import Served


@pytest.fixture(scope="package")
def scene(served: Served) -> Iterator[Scene]:
    with setting(served) as scene:
        yield scene
