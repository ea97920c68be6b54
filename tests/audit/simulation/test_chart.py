"""The chart of a simulation: what is written on it can be read."""

from xml.etree import ElementTree

import pytest

from api.audit.simulating.chart import chart
from ledger.audit.simulation.comparing import Account, Compared, Simulation, Sums

_PIXELS_OF_SMALL_SIGN = 6.6
_PIXELS_OF_SIGN = 7.8


@pytest.mark.parametrize(
    ("currency", "before", "after"),
    [("kwd", 1315, 1315), ("usd", 62521, 66222), ("usd", 10**12, 9 * 10**11), ("jpy", 0, 5)],
)
def test_an_amount_ends_before_the_change_beside_it(currency: str, before: int, after: int) -> None:
    simulation = Simulation({})
    compared = Compared(Sums(before, 0, 0, before), Sums(after, 0, 0, after))
    simulation.accounts[Account("cus_1", currency)] = compared
    drawn = ElementTree.fromstring(chart(simulation))  # noqa: S314 - made here
    texts = [one for one in drawn.iter() if one.tag.endswith("text")]
    amounts = [
        _x(one) + len(one.text or "") * _PIXELS_OF_SMALL_SIGN for one in texts if _small(one)
    ]
    changes = [_x(one) - len(one.text or "") * _PIXELS_OF_SIGN for one in texts if _at_end(one)]
    assert max(amounts) <= min(changes)


def _x(text: ElementTree.Element) -> int:
    return int(text.attrib["x"])


def _small(text: ElementTree.Element) -> bool:
    return text.get("font-size") == "11"


def _at_end(text: ElementTree.Element) -> bool:
    return text.get("text-anchor") == "end"
