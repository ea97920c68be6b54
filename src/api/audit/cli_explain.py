"""`tallybook invoice explain`: each line as arithmetic, down to the meter events behind it."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.audit.cli_replay import invoice
from api.cli.as_of import AsOfOption
from api.cli.connection import DataDir, opened
from api.cli.output import AsJson, data, explained, quiet_when_closed, write_line
from api.cli.tables import printable
from api.invoices.cli import InvoiceId, LiveOrTest

if TYPE_CHECKING:
    from api.http.call import View
    from api.invoices.document.page import Line
    from projections.invoices.rows import InvoiceRow, LinePart

__all__ = ["invoice"]


@invoice.command()
def explain(
    invoice_id: InvoiceId,
    line: Annotated[str | None, typer.Option(help="Only this line: il_…")] = None,
    meter_events: Annotated[
        int, typer.Option("--meter-events", min=0, help="So many of those behind each line.")
    ] = 0,
    as_of: AsOfOption = None,
    live: LiveOrTest = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show how each line came to its amount: usage, price version, and every step of the rating.

    Exit code 4 when there is no such invoice or line.
    """
    from api.accounts.cli_views import view_at
    from api.audit.explain import explanation
    from api.invoices.finding import ledger_of_invoice
    from ledger.kernel.errors import NotFound
    from projections.invoices.rows import INVOICES

    with explained(), quiet_when_closed(), opened(data_dir) as (services, _):
        identity = ledger_of_invoice(services, invoice_id, livemode=live)
        view = view_at(services, identity, as_of)
        row = view.rows.require(INVOICES, "invoice", invoice_id)
        if line is not None and line not in {one.id for one in row.lines}:
            raise NotFound("invoice line", line)
        if as_json:
            whole = explanation(view, invoice_id)
            kept = [one for one in whole["lines"] if line in {None, one["id"]}]
            data(whole | {"lines": kept})
            return
        _tell(view, row, line, meter_events)


def _tell(view: "View", row: "InvoiceRow", only: str | None, meter_events: int) -> None:
    from api.invoices.document.reading import invoice_page
    from api.invoices.live import with_amounts

    [rated] = with_amounts(view, [row])
    page = invoice_page(view, row)
    position = row.through_position or view.through
    through = "now" if position is None else f"position {position}"
    write_line(f"{row.number or row.id}  {row.status}, rated through {through}")
    if rated.finalization_error:
        write_line(f"Problem: {rated.finalization_error}")
    for part, line in zip(rated.lines, page.lines, strict=True):
        if only in {None, part.id}:
            _tell_line(part, line)
            if meter_events:
                _tell_meter_events(view, row.id, part, meter_events)
    if only is None:
        for each in page.sums:
            write_line(f"{each.label:<40} {each.amount:>16}")


def _tell_line(part: "LinePart", line: "Line") -> None:
    write_line("")
    write_line(f"{part.id}  {line.description}")
    write_line(f"  {line.period}")
    for step in line.steps:
        write_line(f"  {step.label:<28} {step.working:<40} {step.amount:>16}")
    write_line(f"  {'':<28} {'':<40} {line.amount:>16}")
    for note in line.notes:
        write_line(f"  {note}")
    if part.price is not None and part.price_version is not None:
        write_line(f"  price {part.price}, version {part.price_version}")
    if part.meter_events is not None:
        write_line(f"  meter {part.meter}")


def _tell_meter_events(view: "View", invoice_id: str, part: "LinePart", most: int) -> None:
    from api.audit.line_events import BEGINNING, page_of_line

    if part.meter is None and part.late_usage is None:
        return
    found, _ = page_of_line(view, (invoice_id, part.id), after=BEGINNING, limit=most)
    for one in found:
        write_line(
            f"    {one['event_time']}  {one['value'] or '':>12}  {one['status']:<10}  "
            f"{printable(one['identifier'])}"
        )
