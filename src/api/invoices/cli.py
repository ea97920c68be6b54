"""`tallybook invoice`: look at an invoice."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.as_of import AsOfOption
from api.cli.connection import DataDir, opened
from api.cli.files import written_file
from api.cli.output import AsJson, data, explained
from api.cli.tables import print_table, printable

if TYPE_CHECKING:
    from rich.table import Table

    from api.http.call import View
    from projections.invoices.rows import InvoiceRow

app = typer.Typer(
    name="invoice", help="Invoices: show one, compute one again.", no_args_is_help=True
)

InvoiceId = Annotated[str, typer.Argument(metavar="ID", help="As the API names it: in_…")]
LiveOrTest = Annotated[
    bool | None,
    typer.Option("--live/--test", help="Look only through live or test ledgers."),
]


AsHtml = Annotated[bool, typer.Option("--html", help="Print a page that can be sent, in one file.")]
AsPdf = Annotated[
    Path | None,
    typer.Option("--pdf", metavar="FILE", help="Write the page as a PDF; - is standard output."),
]
OnPaper = Annotated[Literal["a4", "letter"], typer.Option("--paper", help="Of a PDF.")]


@app.callback()
def invoice() -> None:
    """Invoices: show one, compute one again."""


@app.command()
def show(
    invoice_id: InvoiceId,
    as_html: AsHtml = False,
    as_pdf: AsPdf = None,
    paper: OnPaper = "a4",
    as_of: AsOfOption = None,
    live: LiveOrTest = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show an invoice with its lines. A draft shows what it comes to."""
    from api.accounts.cli_views import view_at
    from api.invoices.finding import ledger_of_invoice
    from api.invoices.live import with_amounts
    from api.invoices.objects import invoice_object
    from projections.invoices.rows import INVOICES

    if as_html and as_pdf is not None:
        raise typer.BadParameter("Give --html or --pdf, not both.")
    with explained(), opened(data_dir) as (services, _):
        identity = ledger_of_invoice(services, invoice_id, livemode=live)
        view = view_at(services, identity, as_of)
        row = view.rows.require(INVOICES, "invoice", invoice_id)
        if as_html or as_pdf is not None:
            _send_page(view, row, as_pdf, paper)
            return
        if as_json:
            data(invoice_object(view, row))
            return
        [row] = with_amounts(view, [row])
        _tell(view, row)


@app.command()
def preview(
    subscription: Annotated[str, typer.Argument(help="As the API names it: sub_…")],
    as_of: AsOfOption = None,
    live: LiveOrTest = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Preview the next invoice of a subscription: of usage so far, or as it was then.

    Exit code 4 when there is no such subscription, 6 when no invoice is to come.
    """
    from api.accounts.cli_views import view_at
    from api.http.versions import CURRENT
    from api.invoices.finding import ledger_of_object
    from api.invoices.objects import preview_object
    from api.invoices.params_preview import InvoicePreview
    from api.invoices.previews import asked_preview

    with explained(), opened(data_dir) as (services, _):
        identity = ledger_of_object(services, subscription, "subscription", "sub", livemode=live)
        asked = InvoicePreview(subscription=subscription)
        view, row = asked_preview(view_at(services, identity, as_of), asked, CURRENT)
        if as_json:
            data(preview_object(view, row))
        else:
            _tell(view, row)


def _tell(view: "View", row: "InvoiceRow") -> None:
    for line in _heading(row):
        typer.echo(line)
    print_table(_lines(view, row))
    for line in _sums(row):
        typer.echo(line)


def _send_page(
    view: "View", row: "InvoiceRow", pdf: Path | None, paper: Literal["a4", "letter"]
) -> None:
    """The page as HTML on standard output, or as a PDF in a file."""
    from api.invoices.document.as_html import render_html
    from api.invoices.document.as_pdf import render_pdf
    from api.invoices.document.reading import invoice_page
    from api.settings import load_settings

    page = invoice_page(view, row)
    made = render_html(page) if pdf is None else render_pdf(page, paper, load_settings().pdf_fonts)
    if pdf is None or pdf == Path("-"):
        sys.stdout.buffer.write(made)
        return
    with written_file(pdf) as file:
        file.write(made)


def _heading(row: "InvoiceRow") -> list[str]:
    ledger = "live" if row.livemode else "test"
    about = [
        f"Invoice       {row.number or row.id} ({row.status}, {ledger})",
        f"Id            {row.id}",
        f"Customer      {row.customer}",
        f"Subscription  {row.subscription or '-'}",
        f"Period        {_time(row.period_start)} to {_time(row.period_end)}",
        f"Created       {_time(row.created)}",
    ]
    for name, moment in (
        ("Finalizes", row.automatically_finalizes_at),
        ("Finalized", row.finalized_at),
        ("Due", row.due_date),
        ("Paid", row.paid_at),
        ("Voided", row.voided_at),
        ("Uncollectible", row.marked_uncollectible_at),
    ):
        if moment is not None:
            about.append(f"{name:<14}{_time(moment)}")
    if row.finalization_error:
        about.append(f"Problem       {row.finalization_error}")
    return about


def _lines(view: "View", row: "InvoiceRow") -> "Table":
    from rich.table import Table

    from api.invoices.objects_lines import description
    from api.prices.objects import price_rows
    from ledger.kernel.money import format_money

    prices = price_rows(view, (line.price for line in row.lines))
    table = Table(box=None, pad_edge=False)
    table.add_column("Line", overflow="fold")
    table.add_column("From", overflow="fold")
    table.add_column("Meter events", justify="right")
    table.add_column("Amount", justify="right", no_wrap=True, overflow="fold")
    for line in row.lines:
        table.add_row(
            printable(description(line, prices.get(line.price or ""), row.currency) or ""),
            _time(line.period_start),
            "" if line.meter_events is None else f"{line.meter_events:,}",
            format_money(line.amount or 0, row.currency),
        )
    return table


def _sums(row: "InvoiceRow") -> list[str]:
    from ledger.kernel.money import format_money

    amounts = row.amounts
    sums = [f"Total         {format_money(amounts.total, row.currency)}"]
    if amounts.starting_balance:
        balance = format_money(amounts.starting_balance, row.currency)
        sums.append(f"Balance       {balance} (before; below zero is credit)")
    sums.append(f"Amount due    {format_money(amounts.amount_due, row.currency)}")
    if amounts.pre_payment_credited:
        credited = format_money(amounts.pre_payment_credited, row.currency)
        sums.append(f"Credited      {credited} (by credit notes)")
        sums.append(f"Remaining     {format_money(amounts.amount_remaining, row.currency)}")
    if row.document_sha256 is not None:
        sums.append(f"Rated through position {row.through_position}")
        sums.append(f"SHA-256       {row.document_sha256}")
    return sums


def _time(seconds: int) -> str:
    from ledger.kernel.clock import from_epoch

    return f"{from_epoch(seconds):%Y-%m-%d %H:%M:%S} UTC"
