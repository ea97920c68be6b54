"""What an installation has from its first start: one account, and the key it was told to have."""

from api.services import Services
from ledger.accounts.api_keys import check_seed, hash_key, redact_key
from ledger.accounts.commands import CreateAccount, SeedApiKey
from ledger.accounts.ledgers import CONTROL_LEDGER, DEFAULT_ACCOUNT_ID
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances, Command
from ledger.kernel.ids import new_id


def ensure_default_account(services: Services) -> None:
    """Make the default account and its two ledgers, unless they are there."""
    _execute(services, CreateAccount(account=DEFAULT_ACCOUNT_ID, name="Default account"))


def seed_key(services: Services, key: str) -> None:
    """Make a test key of the operator's choice known. Raises InvalidRequest for no test key."""
    check_seed(key)
    seed = SeedApiKey(
        account=DEFAULT_ACCOUNT_ID, secret_hash=hash_key(key), redacted=redact_key(key)
    )
    _execute(services, seed)


def _execute(services: Services, command: Command) -> None:
    circumstances = Circumstances(system_now(), "system:first_start", new_id("run"))
    services.application(CONTROL_LEDGER).execute(command, circumstances)
