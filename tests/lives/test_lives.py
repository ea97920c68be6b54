"""Whatever happens in a life, the ledger bills what an independent biller bills.

`PYTHONPATH=src python -m tests.lives 20000` plays more of them.
"""

from hypothesis import event, given, settings

from tests.lives.played import Played
from tests.lives.stories import Life, lives

LIVES = 2_000


@settings(max_examples=LIVES)
@given(life=lives())
def test_every_invoice_of_a_life_equals_that_of_the_independent_biller(life: Life) -> None:
    played = Played(life)
    played.play()
    for what in set(played.accepted):
        event(what)
    assert played.issued() == played.expected()
