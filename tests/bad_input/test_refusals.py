"""Every bad request is told what is wrong with which field, and leaves no event behind."""

import pytest

from tests.bad_input.refusals_catalogue import CATALOGUE
from tests.bad_input.refusals_conventions import CONVENTIONS
from tests.bad_input.refusals_deductions import DEDUCTIONS
from tests.bad_input.refusals_invoices import INVOICES
from tests.bad_input.refusals_lines import LINES
from tests.bad_input.refusals_prices import PRICES
from tests.bad_input.refusals_subscriptions import SUBSCRIPTIONS
from tests.bad_input.refusals_usage import USAGE, USAGE_V2
from tests.bad_input.scene import Refused, Scene

FIRST_VERSION = [
    *CONVENTIONS,
    *CATALOGUE,
    *PRICES,
    *USAGE,
    *SUBSCRIPTIONS,
    *DEDUCTIONS,
    *INVOICES,
    *LINES,
]


def names(table: list[Refused]) -> list[str]:
    return [f"{n}: {refused.request} {refused.param or ''}" for n, refused in enumerate(table)]


@pytest.mark.parametrize("refused", FIRST_VERSION, ids=names(FIRST_VERSION))
def test_first_version(scene: Scene, refused: Refused) -> None:
    before = scene.head()
    response = scene.send(refused.request, refused.fields)
    error = response.json()["error"]
    param = refused.param and scene.filled(refused.param)
    found = (response.status_code, error["type"], error.get("code"), error.get("param"))
    assert found == (refused.status, refused.type, refused.code, param), error["message"]
    assert refused.message in error["message"]
    assert scene.head() == before


@pytest.mark.parametrize("refused", USAGE_V2, ids=names(USAGE_V2))
def test_second_version(scene: Scene, refused: Refused) -> None:
    """Its envelope has a code always, and no param."""
    before = scene.head()
    response = scene.send(refused.request, refused.fields)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (refused.status, refused.code), error
    assert error.keys() == {"code", "message", "type"}
    assert refused.message in error["message"]
    assert scene.head() == before
