"""`tallybook usage retention`: from which month on single meter events are kept."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import AsJson, data, explained, note
from api.cli.partitions import partition_all
from api.cli.progress import progress_of
from api.meter_events.cli import circumstances_of_run, default_ledger
from api.meter_events.cli_send import app
from ledger.kernel.errors import LedgerError

if TYPE_CHECKING:
    from api.database.connection import Databases
    from api.meter_events.retention import Retention
    from api.services import Services
    from ledger.kernel.commands import LedgerIdentity
    from ledger.kernel.months import Month

__all__ = ["app"]

_Months = Annotated[
    int | None,
    typer.Option(min=0, help="Keep the running month and so many whole months before it."),
]
_KeepFrom = Annotated[
    str | None, typer.Option(metavar="YYYY-MM", help="Keep this month and later ones.")
]


@app.command()
def retention(
    months: _Months = None,
    keep_from: _KeepFrom = None,
    even_unbilled: Annotated[
        bool, typer.Option("--even-unbilled", help="Also months whose usage is still to be billed.")
    ] = False,
    live: Annotated[bool, typer.Option("--live", help="Of the live ledger.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show from which month on single meter events are kept for quick answers, or change it.

    The log keeps every event for ever, and no answer changes: rollups stay, and what needs single
    events of earlier months is read from the log, which takes longer. What was let go does not
    come back. Give --months once a month, as from cron. Exit code 6 when it is refused.
    """
    with explained(), opened(data_dir) as (services, databases):
        from api.meter_events.retention import change_retention, retention_of

        ledger = default_ledger(services, live=live)
        wanted = _wanted(months, keep_from)
        if wanted is None:
            found = retention_of(services, ledger)
        else:
            change_retention(
                services, ledger, wanted, circumstances_of_run(), even_unbilled=even_unbilled
            )
            found = _carried_out(services, databases, ledger)
    if as_json:
        data(found.document())
    else:
        _tell(found)


def _wanted(months: int | None, keep_from: str | None) -> "Month | None":
    from ledger.kernel.clock import system_now
    from ledger.kernel.months import Month

    if months is not None and keep_from is not None:
        raise typer.BadParameter("Give --months or --keep-from, not both.")
    if months is not None:
        return Month.of(system_now()).plus(-months)
    if keep_from is None:
        return None
    try:
        return Month.parse(keep_from)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--keep-from") from None


def _carried_out(
    services: "Services", databases: "Databases", ledger: "LedgerIdentity"
) -> "Retention":
    """Whole months go with their partitions where no other ledger needs them, the rest by rows."""
    from api.meter_events.retention import let_go, retention_of

    dropped: list[str] = []
    try:
        dropped = partition_all(databases.owner_url).dropped
    except LedgerError as refusal:
        note(refusal.message)
    with progress_of("rows let go") as progress:
        deleted = let_go(services, ledger, lambda done: progress(done, done))
    return replace(retention_of(services, ledger), deleted=deleted, dropped=dropped)


def _tell(found: "Retention") -> None:
    if found.kept_from is None:
        typer.echo("All single meter events are kept.")
    else:
        typer.echo(f"Single meter events are kept from {found.kept_from} on.")
    for name in found.dropped:
        typer.echo(f"  dropped {name}")
    if found.deleted:
        typer.echo(f"  deleted {found.deleted} rows")
    for month, size in found.sizes.items():
        typer.echo(f"  {month or 'others'!s:<8} {size / 1_048_576:>10.1f} MiB")
