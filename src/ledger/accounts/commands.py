"""What can be asked about accounts and API keys.

No command holds a key: keys are made and read at the door, which passes on their hash.
"""

from ledger.accounts.events import KeyKind
from ledger.kernel.commands import Command


class CreateAccount(Command):
    """Create an account with its two ledgers; one that exists already stays as it is."""

    account: str
    name: str


class IssueApiKey(Command):
    """Give out a key to the test or the live ledger of an account."""

    account: str
    livemode: bool
    kind: KeyKind
    name: str | None = None
    secret_hash: str
    redacted: str


class SeedApiKey(Command):
    """Make a secret test key, chosen by the operator, known; one known already stays as it is."""

    account: str
    secret_hash: str
    redacted: str


class RevokeApiKey(Command):
    """Close a ledger to a key, for good; a key revoked already stays as it is."""

    key_id: str
