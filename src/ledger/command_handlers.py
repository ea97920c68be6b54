"""Every command of the ledger with its handler."""

from ledger.accounts.handlers import HANDLERS as ACCOUNTS
from ledger.meters.handlers import HANDLERS as METERS
from ledger.store.work import Handlers


def command_handlers() -> Handlers:
    """The handlers of one ledger."""
    return {**ACCOUNTS, **METERS}
