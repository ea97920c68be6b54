"""Which ledger an invoice or another object is in."""

from api.services import Services
from ledger.accounts.ledgers import CONTROL_LEDGER
from ledger.kernel.commands import LedgerIdentity
from ledger.kernel.errors import NotFound
from projections.accounts.queries import all_accounts


def ledger_of_invoice(
    services: Services, invoice_id: str, *, livemode: bool | None = None
) -> LedgerIdentity:
    """Looks through the ledgers of every account, or only live or test ones. Raises NotFound."""
    return ledger_of_object(services, invoice_id, "invoice", "in", livemode=livemode)


def ledger_of_object(
    services: Services, object_id: str, what: str, prefix: str, *, livemode: bool | None = None
) -> LedgerIdentity:
    """The same for any object with events of its own: `what` it is called, its id's `prefix`."""
    if object_id.startswith(f"{prefix}_"):
        for account in all_accounts(services.reader(CONTROL_LEDGER.ledger_id)):
            for ledger_id in (account.test_ledger_id, account.live_ledger_id):
                live = ledger_id == account.live_ledger_id
                if livemode in {None, live} and _holds(services, ledger_id, object_id):
                    return LedgerIdentity(ledger_id, account.id, live)
    raise NotFound(what, object_id)


def _holds(services: Services, ledger_id: int, stream: str) -> bool:
    return bool(services.log(ledger_id).recorder.select_events(stream, limit=1))
