"""`tallybook late-usage`: what was adjusted after finalization, and by which policy."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from api.cli.as_of import AsOfOption
from api.cli.connection import DataDir, opened
from api.cli.output import AsJson, data, explained

if TYPE_CHECKING:
    from projections.late_usage.rows import LateUsageRow

app = typer.Typer(
    name="late-usage",
    help="Late usage: what was adjusted after finalization, and by which policy.",
    no_args_is_help=True,
)

_Live = Annotated[bool, typer.Option("--live", help="In the live ledger.")]
_Customer = Annotated[str | None, typer.Option(help="Of one customer.")]
_Outcome = Literal["next_invoice", "invoice", "credit_note", "not_billed", "unchanged"]
_Reason = Literal[
    "trial",
    "paused",
    "item_removed",
    "usage_cleared",
    "classic_price_change",
    "canceled_without_invoice",
    "report_only",
    "invoice_voided",
    "customer_deleted",
]
_Set = Annotated[
    Literal["next_invoice", "immediate", "report_only", "ledger"] | None,
    typer.Option("--set", help="Change it; `ledger` lets a customer follow the ledger's."),
]


@app.command("list")
def list_late_usage(
    customer: _Customer = None,
    invoice: Annotated[str | None, typer.Option(help="Of one invoice.")] = None,
    outcome: Annotated[_Outcome | None, typer.Option(help="What became of it.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    as_of: AsOfOption = None,
    live: _Live = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List adjustments of finalized invoices, the newest first.

    Exit code 4 when there is no such customer or invoice.
    """
    from api.accounts.cli_views import default_view
    from api.http.call import known_by
    from api.late_usage.filters import require_known
    from api.late_usage.objects import late_usage_object
    from projections.late_usage.rows import LATE_USAGE
    from projections.runtime.reader import Page

    where = {"customer": customer, "invoice": invoice, "outcome": outcome}
    with explained(), opened(data_dir) as (services, _):
        view = default_view(services, as_of, live=live)
        require_known(view, customer=customer, invoice=invoice)
        rows, _ = view.reader().page(LATE_USAGE, Page(limit), where, sequence=known_by(view))
    if as_json:
        data([late_usage_object(row) for row in rows])
        return
    for row in rows:
        _tell(row)


@app.command("not-billed")
def list_not_billed(
    customer: _Customer = None,
    reason: Annotated[_Reason | None, typer.Option(help="Why.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    as_of: AsOfOption = None,
    live: _Live = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List usage that is never billed and why, the newest first.

    Exit code 4 when there is no such customer.
    """
    from api.accounts.cli_views import default_view
    from api.http.call import known_by
    from api.late_usage.filters import require_known
    from api.late_usage.not_billed import stretches
    from projections.late_usage.rows import NOT_BILLED
    from projections.runtime.reader import Page

    where = {"customer": customer, "reason": reason}
    with explained(), opened(data_dir) as (services, _):
        view = default_view(services, as_of, live=live)
        require_known(view, customer=customer)
        rows, _ = view.reader().page(NOT_BILLED, Page(limit), where, sequence=known_by(view))
        found = list(stretches(view, rows))
    if as_json:
        data(found)
        return
    for one in found:
        typer.echo(f"{one['id']}  {one['quantity']} of {one['meter']}  {one['reason']}")
        typer.echo(f"  {one['customer']} {one['subscription'] or one['invoice']}")


@app.command()
def policy(
    customer: _Customer = None,
    change_to: _Set = None,
    as_of: AsOfOption = None,
    live: _Live = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show or set the policy of the ledger, or of one customer.

    Exit code 4 when there is no such customer.
    """
    from api.accounts.cli_views import default_view
    from api.late_usage.policies import change_policy, policy_document
    from api.meter_events.cli import circumstances_of_run, default_ledger

    if change_to is not None and as_of is not None:
        raise typer.BadParameter("The past is not changed.", param_hint="--as-of")
    if change_to == "ledger" and customer is None:
        raise typer.BadParameter("Only a customer can follow the ledger.", param_hint="--set")
    with explained(), opened(data_dir) as (services, _):
        if change_to is not None:
            ledger = default_ledger(services, live=live)
            wanted = None if change_to == "ledger" else change_to
            change_policy(services, ledger, customer, wanted, circumstances_of_run())
        found = policy_document(default_view(services, as_of, live=live).rows, customer)
    if as_json:
        data(found)
    else:
        _tell_policy(found)


def _tell(row: "LateUsageRow") -> None:
    from ledger.kernel.money import format_money

    because = f" ({row.reason})" if row.reason else ""
    typer.echo(f"{row.id}  {format_money(row.amount, row.currency)}  {row.outcome}{because}")
    typer.echo(f"  invoice   {row.invoice} {row.line} of {row.customer}")
    typer.echo(f"  quantity  {row.quantity_before} -> {row.quantity_after}")
    if row.invoice_item or row.document:
        typer.echo(f"  on        {row.document or row.invoice_item}")


def _tell_policy(found: dict[str, Any]) -> None:
    whose = found["customer"] or "the ledger"
    note = "" if found["own"] else " (not set)"
    typer.echo(f"{whose}: {found['policy']}{note}")
