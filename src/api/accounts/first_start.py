"""What an installation has from its first start: one account, and the key it was told to have."""

from api.accounts.control import execute
from api.services import Services
from ledger.accounts.api_keys import check_seed, hash_key, redact_key
from ledger.accounts.commands import CreateAccount, SeedApiKey
from ledger.accounts.ledgers import DEFAULT_ACCOUNT_ID


def ensure_default_account(services: Services) -> None:
    """Make the default account and its two ledgers, unless they are there."""
    create = CreateAccount(account=DEFAULT_ACCOUNT_ID, name="Default account")
    execute(services, create, process="first_start")


def seed_key(services: Services, key: str) -> None:
    """Make a test key of the operator's choice known. Raises InvalidRequest for no test key."""
    check_seed(key)
    seed = SeedApiKey(
        account=DEFAULT_ACCOUNT_ID, secret_hash=hash_key(key), redacted=redact_key(key)
    )
    execute(services, seed, process="first_start")
