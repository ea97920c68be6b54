"""`tallybook simulate`: what would have been billed under other prices."""

from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from api.cli.as_of import AsOfOption
from api.cli.connection import DataDir, opened
from api.cli.files import written_file
from api.cli.output import AsJson, data, explained, note
from api.cli.progress import progress_of
from api.cli.tables import print_table

if TYPE_CHECKING:
    from api.audit.simulating.asking import Asked
    from api.http.call import View
    from api.services import Services
    from ledger.audit.simulation.comparing import Compared, Simulation
    from ledger.kernel.commands import LedgerIdentity
    from ledger.kernel.months import Month

_Prices = Annotated[
    list[str],
    typer.Option(
        "--price",
        metavar="OLD=NEW",
        help="A price and what takes its place: another price, or a JSON file of terms as the "
        "price API takes them. May be given several times.",
    ),
]
_Customers = Annotated[
    list[str] | None, typer.Option("--customer", help="Only this customer; several times for more.")
]
_Metadata = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=TEXT", help="Only customers whose metadata has this."),
]
_First = Annotated[
    str | None,
    typer.Option("--from", metavar="MONTH", help="Periods that began in this month or later."),
]
_Last = Annotated[
    str | None,
    typer.Option("--to", metavar="MONTH", help="Periods that began in this month or before."),
]
_Usage = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Instead of history: usage that was never sent, in a format of the bulk door.",
    ),
]
_Movers = Annotated[int, typer.Option(min=0, max=100, help="Customers shown, by movement.")]
_Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write every line as CSV.")
]
_Chart = Annotated[
    Path | None, typer.Option("--chart", metavar="FILE", help="Draw old against new as SVG.")
]


def simulate(  # noqa: PLR0913, PLR0917 - one parameter an option
    price: _Prices,
    customer: _Customers = None,
    metadata: _Metadata = None,
    first: _First = None,
    last: _Last = None,
    usage: _Usage = None,
    movers: _Movers = 10,
    csv_file: _Csv = None,
    chart_file: _Chart = None,
    as_of: AsOfOption = None,
    live: Annotated[bool, typer.Option("--live", help="The live ledger.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Rate finalized invoices, or usage in a file, under other prices. Nothing is written to the
    ledger.

    Quantities, discounts, taxes and rounding are those of each invoice, so that an unchanged price
    gives what was billed. Voided invoices and credit notes have no part in it, and lines of fixed
    amounts stay as they were.
    """
    if usage is not None and (customer or metadata or first or last or as_of):
        raise typer.BadParameter("Usage in a file has its own customers and times.")
    months = _months(first, last)
    with explained(), opened(data_dir) as (services, _):
        from api.accounts.cli_views import default_view

        view = default_view(services, as_of, live=live)
        asked = _asked(view, price)
        if usage is None:
            found = _history(view, asked, (customer, metadata, months))
        else:
            found = _unsent(services, view.identity, asked, usage)
    _write(found, csv_file, chart_file, movers)
    if as_json:
        from api.audit.simulating.objects import simulation_object

        data(simulation_object(found, livemode=live, movers=movers))
    else:
        _tell(found, movers)


def _asked(view: "View", words: list[str]) -> "Asked":
    from api.audit.simulating.asking import Asked

    asked = Asked(view.services.application(view.identity), view.through)
    for word in words:
        old, equals, new = word.partition("=")
        if not equals or not old or not new:
            raise typer.BadParameter("Write it OLD=NEW.", param_hint="--price")
        if new.startswith("price_"):
            asked.by_price(old, new, "--price")
        else:
            asked.by_terms(old, new, _terms(Path(new)), "--price")
    return asked


def _terms(file: Path) -> Any:
    """The terms in a file. Raises InvalidRequest."""
    from api.http.errors import ApiError
    from api.http.json_body import decode_json
    from api.http.params import parse
    from api.prices.params import PriceCreate
    from ledger.kernel.errors import InvalidRequest

    try:
        return parse(PriceCreate, decode_json(file.read_bytes()))
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.") from None
    except ApiError as error:
        raise InvalidRequest(f"{file}: {error.message}", param=error.param) from None


def _history(
    view: "View",
    asked: "Asked",
    whose: "tuple[list[str] | None, list[str] | None, tuple[Month | None, Month | None]]",
) -> "Simulation":
    from api.audit.simulating.asking import segment
    from ledger.audit.simulation.history import Past
    from ledger.audit.simulation.history import simulate as simulated

    customers, metadata, months = whose
    chosen = segment(view, customers or (), _pairs(metadata or []))
    past, ledger = Past(chosen, *months, view.through), view.services.application(view.identity)
    with progress_of("Invoices simulated") as progress:
        return simulated(ledger, past, asked.changes, progress=progress)


def _unsent(
    services: "Services", identity: "LedgerIdentity", asked: "Asked", file: Path
) -> "Simulation":
    """Usage of a file, read and refused as an import would."""
    from api.audit.simulating.files import read_unsent
    from ledger.audit.simulation.unsent import UnsentUsage, simulate_unsent

    changes = asked.changes
    prices = {old: asked.prices.price(old, "--price") for old in changes}
    usage = UnsentUsage(services.application(identity))
    for sentence in read_unsent(usage, file):
        note(sentence)
    return simulate_unsent(usage, changes, prices)


def _month(text: str | None, option: str) -> "Month | None":
    from ledger.kernel.months import Month

    if text is None:
        return None
    try:
        return Month.parse(text)
    except ValueError:
        raise typer.BadParameter("A month in UTC is written 2026-01.", param_hint=option) from None


def _months(first: str | None, last: str | None) -> "tuple[Month | None, Month | None]":
    begins, ends = _month(first, "--from"), _month(last, "--to")
    if begins is not None and ends is not None and ends < begins:
        raise typer.BadParameter("It must not be before --from.", param_hint="--to")
    return begins, ends


def _pairs(words: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise typer.BadParameter("Write it KEY=TEXT.", param_hint="--metadata")
        pairs[key] = text
    return pairs


def _write(
    found: "Simulation", csv_file: Path | None, chart_file: Path | None, movers: int
) -> None:
    from api.audit.simulating.as_csv import write_csv
    from api.audit.simulating.chart import chart

    if csv_file is not None:
        _file(csv_file, lambda file: write_csv(found, file))
    if chart_file is not None:
        _file(chart_file, lambda file: file.write(chart(found, movers)))


def _file(path: Path, write: Callable[[TextIO], object]) -> None:
    with written_file(path) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        write(text)
        text.flush()
        text.detach()


def _tell(found: "Simulation", movers: int) -> None:
    from rich.table import Table

    for change in found.changes.values():
        typer.echo(f"{change.price} -> {change.name}")
    typer.echo(f"invoices  {found.invoices:,}, of which {found.affected:,} rated again")
    if found.fixed:
        typer.echo(f"fixed     {len(found.fixed):,} lines of replaced prices stay as billed")
    for currency, compared in found.totals().items():
        table = Table(box=None, pad_edge=False)
        table.add_column("", overflow="fold")
        for heading in ("Billed", "Simulated", "Difference"):
            table.add_column(heading, justify="right", no_wrap=True, overflow="fold")
        for name in compared.before._fields:
            before, after = getattr(compared.before, name), getattr(compared.after, name)
            table.add_row(name, *_amounts(before, after, currency))
        for customer, moved in found.movers(currency, movers):
            table.add_row(customer, *_moved(moved, currency))
        print_table(table)


def _moved(compared: "Compared", currency: str) -> tuple[str, str, str]:
    return _amounts(compared.before.total, compared.after.total, currency)


def _amounts(before: int, after: int, currency: str) -> tuple[str, str, str]:
    from ledger.kernel.money import format_money

    shown = [format_money(amount, currency) for amount in (before, after, after - before)]
    return shown[0], shown[1], f"+{shown[2]}" if after > before else shown[2]
