"""`tallybook usage query`: what a customer used of a meter."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from api.audit.cli import usage
from api.cli.as_of import AsOfOption
from api.cli.connection import DataDir, opened
from api.cli.output import AsJson, data, explained
from api.cli.tables import print_table, printable

if TYPE_CHECKING:
    from rich.table import Table

    from api.audit.usage_query import FoundUsage, UsageQuery

__all__ = ["usage"]


@usage.command("query")
def query_usage(  # noqa: PLR0913, PLR0917 - one parameter an option
    customer: Annotated[str, typer.Option(help="Whose usage.")],
    start: Annotated[str, typer.Option(help="A date or time in ISO 8601, or seconds since 1970.")],
    end: Annotated[str, typer.Option(help="Likewise; not part of what is asked for.")],
    event_name: Annotated[str | None, typer.Option(help="The event name of the meter.")] = None,
    meter: Annotated[str | None, typer.Option(help="Or its id.")] = None,
    window: Annotated[
        Literal["hour", "day"] | None, typer.Option(help="A row for each in UTC.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="KEY=TEXT", help="Only usage with this payload text."),
    ] = None,
    group_by: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="A row for each text under this key.")
    ] = None,
    as_of: AsOfOption = None,
    live: Annotated[bool, typer.Option("--live", help="In the live ledger.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what a customer used of a meter, newest first; whatever was not used is left out."""
    from api.accounts.cli_views import default_view
    from api.audit.usage_query import find_usage, usage_objects

    given = {"meter": meter, "event_name": event_name, "window": window}
    with explained(), opened(data_dir) as (services, _):
        asked = asked_usage(
            {
                "customer": customer,
                "start": start,
                "end": end,
                "dimension_filters": _pairs(where or []),
                "dimension_group_by_keys": group_by or [],
                **{name: text for name, text in given.items() if text is not None},
            }
        )
        found = find_usage(default_view(services, as_of, live=live), asked)
    if as_json:
        data(usage_objects(found, found.summaries))
    else:
        print_table(_table(found))


def asked_usage(
    given: dict[str, Any], *, options: tuple[str, str] = ("--start", "--end")
) -> "UsageQuery":
    """The query that options are, `options` those of its times.

    Raises BadParameter for what is no time, InvalidRequest in the words of the API.
    """
    from api.audit.usage import written
    from api.audit.usage_query import UsageQuery
    from api.http.errors import ApiError
    from api.http.params import parse
    from ledger.kernel.errors import InvalidRequest

    for name, option in zip(("start", "end"), options, strict=True):
        given[name] = written(time_of(given[name], option))
    try:
        return parse(UsageQuery, given)
    except ApiError as error:
        raise InvalidRequest(error.message, param=error.param) from None


def time_of(text: str, option: str) -> datetime:
    """The time that an option names. Raises BadParameter."""
    from api.meter_events.import_mapping import parse_time
    from ledger.kernel.clock import from_microseconds
    from ledger.kernel.errors import InvalidRequest

    try:
        return from_microseconds(parse_time(text))
    except InvalidRequest as refusal:
        raise typer.BadParameter(refusal.message, param_hint=option) from None


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for given in texts:
        key, equals, text = given.partition("=")
        if not equals:
            raise typer.BadParameter("Write it KEY=TEXT.", param_hint="--filter")
        pairs[key] = text
    return pairs


def _table(found: "FoundUsage") -> "Table":
    from rich.table import Table

    from api.audit.usage import written
    from ledger.kernel.clock import from_epoch
    from ledger.kernel.quantities import decimal_text

    table = Table("From", "To", box=None, pad_edge=False)
    for key in found.query.group_by:
        table.add_column(printable(key), overflow="fold")
    table.add_column(found.meter.formula, justify="right", no_wrap=True)
    for summary in found.summaries:
        times = (written(from_epoch(t)) for t in (summary.start_time, summary.end_time))
        texts = (summary.dimensions[key] for key in found.query.group_by)
        shown = ("-" if text is None else printable(text) for text in texts)
        table.add_row(*times, *shown, decimal_text(summary.aggregated_value))
    return table
