"""Which ledger an invoice is in."""

from api.services import Services
from ledger.accounts.ledgers import CONTROL_LEDGER
from ledger.kernel.commands import LedgerIdentity
from ledger.kernel.errors import NotFound
from projections.accounts.queries import all_accounts


def ledger_of_invoice(
    services: Services, invoice_id: str, *, livemode: bool | None = None
) -> LedgerIdentity:
    """Looks through the ledgers of every account, or only live or test ones. Raises NotFound."""
    if invoice_id.startswith("in_"):
        for account in all_accounts(services.reader(CONTROL_LEDGER.ledger_id)):
            for ledger_id in (account.test_ledger_id, account.live_ledger_id):
                live = ledger_id == account.live_ledger_id
                if livemode in {None, live} and _holds(services, ledger_id, invoice_id):
                    return LedgerIdentity(ledger_id, account.id, live)
    raise NotFound("invoice", invoice_id)


def _holds(services: Services, ledger_id: int, stream: str) -> bool:
    return bool(services.log(ledger_id).recorder.select_events(stream, limit=1))
