"""Commands on the control ledger, by a process of the installation itself."""

from api.services import Services
from ledger.accounts.ledgers import CONTROL_LEDGER
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances, Command
from ledger.kernel.ids import new_id


def execute(services: Services, command: Command, *, process: str) -> None:
    """Execute a command on accounts or keys; `process` is recorded as who did it."""
    circumstances = Circumstances(system_now(), f"system:{process}", new_id("run"))
    services.application(CONTROL_LEDGER).execute(command, circumstances)
