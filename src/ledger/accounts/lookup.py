"""Finding things in the control ledger's log itself, without waiting for a read model."""

import hmac

from ledger.accounts.aggregate import ApiKey, evolve_api_key
from ledger.accounts.api_keys import key_id_of
from ledger.accounts.events import LedgersAllocated
from ledger.accounts.ledgers import CONTROL_LEDGER, DIRECTORY, account_number_of, is_live
from ledger.kernel.commands import LedgerIdentity
from ledger.store.event_sourcing import EventSourcedLedger


def find_api_key(control: EventSourcedLedger, secret_hash: str) -> ApiKey | None:
    """The key with this hash as it stands now, revoked or not; None if there is none."""
    key = find_api_key_by_id(control, key_id_of(secret_hash))
    if key is None or not hmac.compare_digest(key.secret_hash, secret_hash):
        return None
    return key


def find_api_key_by_id(control: EventSourcedLedger, key_id: str) -> ApiKey | None:
    """The key with this id as it stands now, revoked or not; None if there is none."""
    key: ApiKey | None = None
    for stored in control.recorder.select_events(key_id):
        key = evolve_api_key(key, control.mapper.to_domain_event(stored).event)
    return key


def find_ledger(control: EventSourcedLedger, ledger_id: int) -> LedgerIdentity | None:
    """Whose ledger this is and whether it is live; None for a number not given out yet."""
    if ledger_id == CONTROL_LEDGER.ledger_id:
        return CONTROL_LEDGER
    number = account_number_of(ledger_id)
    for stored in control.recorder.select_events(DIRECTORY, gt=number - 1, lte=number):
        event = control.mapper.to_domain_event(stored).event
        if isinstance(event, LedgersAllocated):
            return LedgerIdentity(ledger_id, event.account, is_live(ledger_id))
    return None
