"""What is sold in the tests of items that change midway."""

from tests.support.billing_ledger import BillingLedger


def tokens_and_seats() -> BillingLedger:
    """Tokens at 4 cents per hundred begun, or at 1 cent each; seats at US$31 or US$62 a month."""
    made = BillingLedger("2026-01-01")
    made.sell()
    made.price("price_tokens_2", "1", meter="mtr_tokens")
    made.price("price_seat_2", "6200")
    made.price("price_yearly", "36500", interval="year")
    made.price("price_euro", currency="eur")
    made.price("price_archived", active=False)
    return made
