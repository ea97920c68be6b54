"""`tallybook ledger check`: whether the ledger's sums hold."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.as_of import AsOfOption
from api.cli.connection import DataDir, opened
from api.cli.output import EXIT_DIFFERENT, AsJson, data, explained

if TYPE_CHECKING:
    from ledger.audit.ledger_check.identities import Identity, LedgerCheck

app = typer.Typer(name="ledger", help="The ledger: check its sums.", no_args_is_help=True)

_WIDTH = 72


@app.callback()
def ledger() -> None:
    """The ledger: check its sums."""


@app.command()
def check(
    as_of: AsOfOption = None,
    live: Annotated[bool, typer.Option("--live", help="The live ledger.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Check every identity of the ledger: invoices, balances, numbers, usage and read models.

    Nothing is written. Each line reads 0 for every currency where all is well; otherwise the first
    offenders are named and the exit code is 3. With --as-of: over what was recorded by then.
    """
    from api.accounts.cli_views import position_at
    from api.audit.ledger_check import check_document, checked, checked_as_of
    from api.meter_events.cli import default_ledger

    with explained(), opened(data_dir) as (services, _):
        identity = default_ledger(services, live=live)
        position = position_at(services, identity, as_of)
        if position is None:
            found = checked(services, identity)
        else:
            found = checked_as_of(services, identity, position)
    if as_json:
        data(check_document(found))
    else:
        _tell(found)
    if not found.holds:
        raise typer.Exit(EXIT_DIFFERENT)


def _tell(found: "LedgerCheck") -> None:
    typer.echo(f"position {found.position}: {found.facts} facts, {found.meter_events} meter events")
    for identity in found.identities:
        _tell_identity(identity)


def _tell_identity(identity: "Identity") -> None:
    word = "holds " if identity.holds else "BROKEN"
    differences = ", ".join(
        f"{currency} {amount}" for currency, amount in sorted(identity.differences.items())
    )
    off = differences or str(identity.failures)
    typer.echo(f"{word}  {identity.statement:<{_WIDTH}}  {off}")
    typer.echo(f"        {identity.checked} {identity.things}")
    for what, count in sorted(identity.counts.items()):
        typer.echo(f"          {count:>14}  {what}")
    for offender in identity.offenders:
        typer.echo(f"        {offender.subject}: {offender.why}")
    unnamed = identity.failures - len(identity.offenders)
    if unnamed:
        typer.echo(f"        and {unnamed} more")
