"""`tallybook usage show` and `usage cancel`: what became of a meter event."""

from typing import Annotated, Any

import typer

from api.cli.as_of import AsOfOption
from api.cli.connection import DataDir, opened
from api.cli.output import AsJson, data, explained
from api.cli.tables import printable
from api.meter_events.cli_retention import app as usage

__all__ = ["usage"]


@usage.command("show")
def show_usage(
    identifier: Annotated[str, typer.Argument(help="As it was sent.")],
    as_of: AsOfOption = None,
    live: Annotated[bool, typer.Option("--live", help="In the live ledger.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what became of a meter event: recorded, billed, cancelled, or refused and why.

    Exit code 4 when nothing is known of it.
    """
    from api.accounts.cli_views import default_view
    from api.audit.usage import usage_document

    with explained(), opened(data_dir) as (services, _):
        found = usage_document(default_view(services, as_of, live=live), identifier)
    if as_json:
        data(found)
    else:
        _tell_usage(found)


@usage.command("cancel")
def cancel_usage(
    identifier: Annotated[str, typer.Argument(help="As it was sent.")],
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")],
    live: Annotated[bool, typer.Option("--live", help="In the live ledger.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Cancel a meter event, however old: summaries, previews and drafts count it no more.

    A finalized invoice is never changed. Exit code 4 when there is no such event, 6 when it is
    cancelled already.
    """
    from api.audit.adjustments import LONGEST_REASON, cancel
    from ledger.accounts.ledgers import ledger_for_live, ledger_for_test

    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise typer.BadParameter(
            f"The reason has 1 to {LONGEST_REASON} characters.", param_hint="--reason"
        )
    with explained(), opened(data_dir) as (services, _):
        ledger = services.identity(ledger_for_live(1) if live else ledger_for_test(1))
        done = cancel(services, ledger, identifier, reason)
    if as_json:
        data(done)
        return
    typer.echo(f"{identifier}: cancelled")
    for invoice_id in done["unchanged_invoices"]:
        typer.echo(f"  {invoice_id} is finalized and stays as it is")


def _tell_usage(found: dict[str, Any]) -> None:
    from ledger.kernel.money import format_money

    typer.echo(f"{printable(found['identifier'])}: {found['status']}")
    for name in ("event_name", "customer", "meter", "event_time", "received", "position"):
        if name in found:
            typer.echo(f"  {name:<11} {printable(str(found[name]))}")
    for key, text in found.get("payload", {}).items():
        typer.echo(f"  payload     {printable(f'{key}={text}')}")
    if cancelled := found.get("cancelled"):
        reason = f": {cancelled['reason']}" if cancelled["reason"] else ""
        typer.echo(f"  cancelled   {cancelled['at']} by {cancelled['by']}{printable(reason)}")
    for line in found.get("invoice_lines", []):
        note = f" (not included: {line['reason']})" if line["reason"] else ""
        typer.echo(f"  invoice     {line['invoice']} {line['invoice_status']}{note}")
        if line["line_amount"] is not None:
            amount = format_money(line["line_amount"], line["currency"])
            typer.echo(f"    line      {line['line']}: {line['line_quantity']} for {amount}")
        if adjusted := line["adjusted_by"]:
            typer.echo(f"    adjusted  {adjusted['id']} {adjusted['outcome']}")
    for rejection in found["rejections"]:
        typer.echo(f"  refused     {rejection['received']} {rejection['code']}")
        typer.echo(f"              {printable(rejection['reason'])}")
