"""`tallybook invoice replay`: compute an invoice again from the log alone."""

from typing import TYPE_CHECKING

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import EXIT_DIFFERENT, AsJson, data, explained
from api.invoices.cli import InvoiceId, LiveOrTest
from api.invoices.cli import app as invoice

if TYPE_CHECKING:
    from api.audit.replay import Replay

__all__ = ["invoice"]


@invoice.command()
def replay(
    invoice_id: InvoiceId,
    live: LiveOrTest = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Compute a finalized invoice again from the log alone, and compare every byte.

    Exit code 3 when anything differs, 4 when there is no such invoice.
    """
    from api.audit.replay import replay as replayed
    from api.invoices.finding import ledger_of_invoice

    with explained(), opened(data_dir) as (services, _):
        identity = ledger_of_invoice(services, invoice_id, livemode=live)
        outcome = replayed(services.application(identity), invoice_id)
    if as_json:
        data(outcome.document())
    else:
        _tell(outcome)
    if not outcome.equal:
        raise typer.Exit(EXIT_DIFFERENT)


def _tell(outcome: "Replay") -> None:
    typer.echo(f"replay: {'equal' if outcome.equal else 'DIFFERENT'}")
    typer.echo(f"invoice   {outcome.invoice}")
    found = outcome.recomputation
    if found is None:
        typer.echo(f"          {outcome.unexplained}")
        return
    typer.echo(f"position  {found.through_position}")
    typer.echo(f"events    {found.events}")
    typer.echo(f"digest    {found.digest}")
    if outcome.equal:
        return
    typer.echo(f"recorded  {found.recorded_sha256}")
    for difference in found.differences:
        typer.echo(f"{difference.part}")
        typer.echo(f"  recorded    {difference.recorded}")
        typer.echo(f"  recomputed  {difference.recomputed}")
