"""Finding a key by its text, in the control ledger's log: one stream, two events at most."""

import hmac

from ledger.accounts.aggregate import ApiKey, evolve_api_key
from ledger.accounts.api_keys import key_id_of
from ledger.store.event_sourcing import EventSourcedLedger


def find_api_key(control: EventSourcedLedger, secret_hash: str) -> ApiKey | None:
    """The key with this hash as the log has it now, revoked or not; None if there is none."""
    key: ApiKey | None = None
    for stored in control.recorder.select_events(key_id_of(secret_hash)):
        key = evolve_api_key(key, control.mapper.to_domain_event(stored).event)
    if key is None or not hmac.compare_digest(key.secret_hash, secret_hash):
        return None
    return key
