"""`tallybook invoice replay`: one invoice or many, from the log alone."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.as_of import AsOfOption
from api.cli.connection import DataDir, opened
from api.cli.output import EXIT_DIFFERENT, EXIT_REFUSED, AsJson, data, explained, note
from api.invoices.cli import LiveOrTest
from api.invoices.cli import app as invoice

if TYPE_CHECKING:
    from api.audit.replay import Replay
    from api.audit.replay_run import Run, Written
    from ledger.kernel.months import Month

__all__ = ["invoice"]

_SHOWN = 20
_InvoiceId = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="One invoice, as the API names it: in_…")
]
_Period = Annotated[
    str | None,
    typer.Option(metavar="MONTH", help="Every invoice whose period began in it (UTC): 2026-01."),
]
_All = Annotated[bool, typer.Option("--all", help="Every finalized invoice of the ledger.")]
_Customer = Annotated[str | None, typer.Option(help="Only this customer's invoices.")]
_Parallel = Annotated[int, typer.Option(min=1, max=64, help="In so many processes.")]
_Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write a line of JSON for each invoice."),
]


@invoice.command()
def replay(  # noqa: PLR0913, PLR0917 - one parameter an option
    invoice_id: _InvoiceId = None,
    period: _Period = None,
    every: _All = False,
    customer: _Customer = None,
    parallel: _Parallel = 1,
    report: _Report = None,
    as_of: AsOfOption = None,
    live: LiveOrTest = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Compute finalized invoices again from the log alone, and compare every byte.

    Exit code 3 when anything differs, 4 when there is no such invoice or nothing to replay. Many
    invoices are of the test ledger, with --live of the live one. With --as-of: those that were
    finalized by then.
    """
    many = every or period is not None or customer is not None
    if (invoice_id is not None) == many or (every and period is not None):
        raise typer.BadParameter("Give one of ID, --period and --all; --customer goes with both.")
    if invoice_id is not None:
        _replay_one(invoice_id, as_of, live, as_json, data_dir)
        return
    month = None if period is None else _month(period)
    with _written_to(report) as written, explained(), opened(data_dir) as (services, _):
        from api.accounts.cli_views import position_at
        from api.audit.replay_run import Selection, run
        from api.meter_events.cli import default_ledger

        identity = default_ledger(services, live=live or False)
        through = position_at(services, identity, as_of)
        selection = Selection(identity, customer, month, through)
        done = run(services, selection, parallel, written)
    if as_json:
        data(done.document())
    else:
        _tell_run(done)
    if done.different:
        raise typer.Exit(EXIT_DIFFERENT)


def _replay_one(
    invoice_id: str, as_of: str | None, live: bool | None, as_json: bool, data_dir: Path | None
) -> None:
    from api.accounts.cli_views import position_at
    from api.audit.replay import replay as replayed
    from api.invoices.finding import ledger_of_invoice

    with explained(), opened(data_dir) as (services, _):
        identity = ledger_of_invoice(services, invoice_id, livemode=live)
        through = position_at(services, identity, as_of)
        outcome = replayed(services.application(identity), invoice_id, through)
    if as_json:
        data(outcome.document())
    else:
        _tell(outcome)
    if not outcome.equal:
        raise typer.Exit(EXIT_DIFFERENT)


def _month(text: str) -> "Month":
    from ledger.kernel.months import Month

    try:
        return Month.parse(text)
    except ValueError:
        raise typer.BadParameter(
            "A period is a month in UTC, such as 2026-01.", param_hint="--period"
        ) from None


@contextmanager
def _written_to(file: Path | None) -> "Generator[Written]":
    """Writes documents as lines of a file, if there is to be one."""
    if file is None:
        yield lambda _: None
        return
    try:
        with file.open("w", encoding="utf-8") as lines:
            yield lambda document: print(json.dumps(document, ensure_ascii=False), file=lines)
    except OSError as error:
        note(f"{file} cannot be written: {error.strerror}.")
        raise typer.Exit(EXIT_REFUSED) from None


def _tell(outcome: "Replay") -> None:
    typer.echo(f"replay: {'equal' if outcome.equal else 'DIFFERENT'}")
    typer.echo(f"invoice   {outcome.invoice}")
    found = outcome.document()
    if outcome.recomputation is None:
        typer.echo(f"          {outcome.unexplained}")
        return
    typer.echo(f"position  {found['through_position']}")
    typer.echo(f"events    {found['events']}")
    typer.echo(f"digest    {found['digest']}")
    if not outcome.equal:
        typer.echo(f"recorded  {found['recorded_digest']}")
        _tell_differences(found)


def _tell_run(done: "Run") -> None:
    typer.echo(f"replay: {'DIFFERENT' if done.different else 'equal'}")
    typer.echo(f"invoices   {done.invoices:,}")
    typer.echo(f"equal      {done.equal:,}")
    typer.echo(f"different  {done.different:,}")
    typer.echo(f"events     {done.events:,}")
    typer.echo(f"took       {done.seconds:.1f} s, {done.rate:,.0f} invoices/s")
    for found in done.differing[:_SHOWN]:
        typer.echo(f"{found['invoice']}: {found['unexplained'] or 'DIFFERENT'}")
        _tell_differences(found)
    if done.different > _SHOWN:
        typer.echo(f"and {done.different - _SHOWN:,} more; --report names them all")


def _tell_differences(found: dict[str, Any]) -> None:
    for difference in found.get("differences", ()):
        typer.echo(f"{difference['part']}")
        typer.echo(f"  recorded    {difference['recorded']}")
        typer.echo(f"  recomputed  {difference['recomputed']}")
