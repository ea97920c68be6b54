"""The steps of a line as an event keeps them."""

from decimal import Decimal

from ledger.rating.rate import rate
from ledger.rating.steps import RatedStep, stored_steps
from tests.rating.terms_examples import tiered

GRADUATED = tiered("graduated", (10, "5", "100"), (None, "0.50", "0"))


def test_steps_are_kept_as_canonical_text() -> None:
    first, last = stored_steps(rate(GRADUATED, Decimal("14.0")))[:2]
    assert first == RatedStep(
        model="graduated",
        quantity="10",
        unit_amount="5",
        flat_amount="100",
        amount="150",
        above="0",
        up_to="10",
    )
    assert (last.quantity, last.unit_amount, last.amount) == ("4", "0.5", "2")
    assert (last.above, last.up_to) == ("10", None)


def test_steps_come_back_from_json_as_they_were() -> None:
    for step in stored_steps(rate(GRADUATED, Decimal("14.000000000001"))):
        assert RatedStep.model_validate_json(step.model_dump_json()) == step
