"""Commands on accounts and API keys, carried out on the control ledger."""

from ledger.accounts import aggregate
from ledger.accounts.api_keys import key_id_of
from ledger.accounts.commands import CreateAccount, IssueApiKey, RevokeApiKey, SeedApiKey
from ledger.accounts.ledgers import DIRECTORY
from ledger.kernel.errors import InvalidRequest
from ledger.store.work import Handlers, Work


def create_account(work: Work, command: CreateAccount) -> None:
    if work.load(aggregate.evolve_account, command.account) is not None:
        return
    directory = work.load(aggregate.evolve_directory, DIRECTORY)
    allocated, created = aggregate.create_account(directory, command, work.now)
    work.append(DIRECTORY, allocated)
    work.append(command.account, created)


def issue_api_key(work: Work, command: IssueApiKey) -> None:
    """Raises NotFound for an account that does not exist, InvalidRequest for a known key."""
    account = work.require(aggregate.evolve_account, command.account, "account", param="account")
    key_id = key_id_of(command.secret_hash)
    if work.load(aggregate.evolve_api_key, key_id) is not None:
        raise InvalidRequest(f"The API key {command.redacted} was issued before.")
    work.append(key_id, aggregate.issue_api_key(account, command, work.now))


def seed_api_key(work: Work, command: SeedApiKey) -> None:
    """A key that was revoked stays revoked: seeding it again does not open the ledger."""
    if work.load(aggregate.evolve_api_key, key_id_of(command.secret_hash)) is not None:
        return
    issue_api_key(
        work,
        IssueApiKey(
            account=command.account,
            livemode=False,
            kind="secret",
            name="seeded",
            secret_hash=command.secret_hash,
            redacted=command.redacted,
        ),
    )


def revoke_api_key(work: Work, command: RevokeApiKey) -> None:
    """Raises NotFound for a key that does not exist."""
    key = work.require(aggregate.evolve_api_key, command.key_id, "API key")
    revoked = aggregate.revoke_api_key(key, work.now)
    if revoked is not None:
        work.append(key.id, revoked)


HANDLERS: Handlers = {
    CreateAccount: create_account,
    IssueApiKey: issue_api_key,
    SeedApiKey: seed_api_key,
    RevokeApiKey: revoke_api_key,
}
