"""The numbers of ledgers: the control ledger, and two for each account."""

from typing import Final

from ledger.kernel.commands import LedgerIdentity

CONTROL_LEDGER: Final = LedgerIdentity(ledger_id=0, account_id="control", livemode=False)
"""Holds the accounts and the API keys themselves."""

DIRECTORY: Final = "accounts"
"""The stream of the control ledger whose versions number the accounts."""

DEFAULT_ACCOUNT_ID: Final = "acct_default"
"""The account that an installation has from its first start."""


def ledger_for_test(account_number: int) -> int:
    """The ledger of an account for its test data. Accounts are numbered from 1."""
    return 2 * account_number - 1


def ledger_for_live(account_number: int) -> int:
    """The ledger of an account for its live data. Accounts are numbered from 1."""
    return 2 * account_number


def account_number_of(ledger_id: int) -> int:
    """The number of the account that has a ledger; not for the control ledger."""
    return (ledger_id + 1) // 2


def is_live(ledger_id: int) -> bool:
    """Whether a ledger holds live data; not for the control ledger."""
    return ledger_id % 2 == 0
