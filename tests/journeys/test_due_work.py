"""What is due is done, and what cannot be done does not hold up the rest."""

import pytest
import stripe
from stripe import StripeClient

from tests.support.sdk import HOUR, Shop, at
from tests.support.served import Served

JANUARY, FEBRUARY = at("2024-01-01"), at("2024-02-01")
NEARLY_TOO_MUCH = 9_000_000_000_000_000_000


@pytest.fixture(scope="module")
def client(served: Served) -> StripeClient:
    return served.client(served.new_key().key)


def test_an_invoice_beyond_64_bits_stays_a_draft_and_others_are_finalized(
    client: StripeClient,
) -> None:
    shop = Shop.open(client, JANUARY)
    dear = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": NEARLY_TOO_MUCH,
            "recurring": {"interval": "month", "usage_type": "metered", "meter": shop.meter.id},
            "product_data": {"name": "Dear"},
        }
    )
    too_much, ordinary = shop.customer().id, shop.customer().id
    shop.subscribe(too_much, dear)
    shop.subscribe(ordinary)
    for customer in (too_much, ordinary):
        shop.use(customer, 2)

    shop.advance(FEBRUARY + HOUR)

    [issued] = shop.invoices(ordinary)
    assert (issued.status, issued.amount_due) == ("open", 4)
    [draft] = shop.invoices(too_much)
    assert (draft.status, draft.total) == ("draft", 0)
    assert draft.last_finalization_error is not None
    assert "64-bit" in str(draft.last_finalization_error.message)
    with pytest.raises(stripe.InvalidRequestError, match="larger than 64-bit minor units"):
        client.v1.invoices.finalize_invoice(draft.id)
