"""`tallybook usage import`: files of usage into the database."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import EXIT_NO_DATABASE, EXIT_REFUSED, AsJson, data, explained, note
from api.cli.progress import progress_of

if TYPE_CHECKING:
    from api.meter_events.bulk_formats import FormatName
    from api.meter_events.import_mapping import ColumnMapping
    from api.meter_events.importing import ImportSummary, UsageImport
    from api.services import Services
    from ledger.kernel.commands import Circumstances, LedgerIdentity

app = typer.Typer(
    name="usage",
    help="Usage: import or send files, show what became of an event.",
    no_args_is_help=True,
)

_COLUMNS = "Columns"

_File = Annotated[
    Path,
    typer.Argument(
        help="CSV, NDJSON, JSON array or CloudEvents, also gzip or zstd.",
        exists=True,
        dir_okay=False,
    ),
]
_EventName = Annotated[
    str | None,
    typer.Option(
        help="The event name of the meter whose events the rows are; without it the records of "
        "the file say so themselves, as at the bulk door."
    ),
]
_Customer = Annotated[str | None, typer.Option(help="The customer of every row.")]
_CustomerColumn = Annotated[
    str | None, typer.Option(help="The column with the customer.", rich_help_panel=_COLUMNS)
]
_TimestampColumn = Annotated[
    str,
    typer.Option(
        help="Times in ISO 8601 (UTC without an offset) or since 1970, in seconds or finer.",
        rich_help_panel=_COLUMNS,
    ),
]
_ValueColumns = Annotated[
    list[str] | None,
    typer.Option(
        help="A column of values; the meter's own key by default. COLUMN=TOKEN_TYPE puts the type "
        "into the payload; given several times, a row makes several events.",
        rich_help_panel=_COLUMNS,
    ),
]
_TokenTypeKey = Annotated[
    str, typer.Option(help="The payload key of token types.", rich_help_panel=_COLUMNS)
]
_Dimensions = Annotated[
    list[str] | None,
    typer.Option(
        help="A column to keep in the payload: COLUMN or COLUMN=KEY.", rich_help_panel=_COLUMNS
    ),
]
_IdentifierColumn = Annotated[
    str | None,
    typer.Option(
        help="The column of identifiers; else they are made of source, line and token type.",
        rich_help_panel=_COLUMNS,
    ),
]
_Source = Annotated[
    str | None, typer.Option(help="What tells this file from others; its name by default.")
]
FileFormat = Annotated[
    Literal["csv", "ndjson", "json", "cloudevents", "cloudevents-batch"] | None,
    typer.Option("--format", help="As the file's name says by default."),
]
_Delimiter = Annotated[str, typer.Option(help="What separates the columns of CSV.")]
_Backfill = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help="Also take usage outside the past 35 days and next 5 minutes of the customer's time. "
        "The reason is recorded.",
    ),
]
_Live = Annotated[bool, typer.Option("--live", help="Into the live ledger.")]


@app.callback()
def usage() -> None:
    """Usage: import or send files, show what became of an event."""


@app.command("import")
def import_(  # noqa: PLR0913, PLR0917 - one parameter an option
    file: _File,
    event_name: _EventName = None,
    customer: _Customer = None,
    customer_column: _CustomerColumn = None,
    timestamp_column: _TimestampColumn = "timestamp",
    value_column: _ValueColumns = None,
    token_type_key: _TokenTypeKey = "token_type",  # noqa: S107 - a payload key
    dimension: _Dimensions = None,
    identifier_column: _IdentifierColumn = None,
    source: _Source = None,
    file_format: FileFormat = None,
    delimiter: _Delimiter = ",",
    backfill: _Backfill = None,
    live: _Live = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Record the meter events of a file, each once, however often it is imported.

    An import that was interrupted is run again with the same words: what is recorded already is
    skipped. Exit code 6 when an event was refused.
    """
    from api.meter_events.import_mapping import ColumnMapping, key_pairs, value_columns

    _check(delimiter, backfill)
    mapped = partial(
        ColumnMapping,
        event_name or "",
        source=source or file.name,
        timestamp_column=timestamp_column,
        value_columns=value_columns(value_column or []),
        token_type_key=token_type_key,
        customer=customer,
        customer_column=customer_column,
        identifier_column=identifier_column,
        dimensions=key_pairs(dimension or []),
    )
    _check_columns(event_name, mapped.keywords)
    kind = _kind_of(file, file_format, mapped=event_name is not None)
    asked = _Asked(file, kind, event_name, mapped, delimiter, backfill)
    with explained(), opened(data_dir) as (services, _):
        ledger = default_ledger(services, live=live)
        summary, finished = _imported(services, ledger, asked)
    _report(summary, finished=finished, as_json=as_json)


class _Asked(NamedTuple):
    """What is to be imported, and how."""

    file: Path
    kind: "FormatName"
    event_name: str | None
    mapped: "partial[ColumnMapping]"
    delimiter: str
    backfill: str | None


def _imported(
    services: "Services", ledger: "LedgerIdentity", asked: _Asked
) -> "tuple[ImportSummary, bool]":
    """What became of the file, and whether a person let it come to its end."""
    from api.meter_events.bulk_formats import FORMATS
    from api.meter_events.import_rows import mapped_format
    from api.meter_events.importing import ImportSummary, UsageImport

    ingestion = services.usage_ingestion(ledger)
    if asked.event_name is None:
        reading = FORMATS[asked.kind]
    else:
        meter = ingestion.meter(asked.event_name)
        reading = mapped_format(asked.kind, meter, asked.mapped, asked.delimiter)
    summary = ImportSummary(asked.mapped.keywords["source"])
    importing = UsageImport(ingestion, reading, circumstances_of_run, summary, asked.backfill)
    finished = _run(importing, asked.file)
    importing.record_refusals(services.application(ledger))
    return summary, finished


def _check_columns(event_name: str | None, given: Mapping[str, Any]) -> None:
    """Rows of one meter's events have a customer; records that name their own have no columns."""
    customers = sum(given[name] is not None for name in ("customer", "customer_column"))
    if event_name is not None:
        if customers != 1:
            raise typer.BadParameter("Give either --customer or --customer-column.")
    elif customers or any(
        given[name] for name in ("value_columns", "identifier_column", "dimensions")
    ):
        raise typer.BadParameter("Columns are of one meter's events: give --event-name.")


def _check(delimiter: str, backfill: str | None) -> None:
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '\r\n"':
        raise typer.BadParameter("The delimiter is one ASCII character.", param_hint="--delimiter")
    if backfill is not None and not 0 < len(backfill.strip()) <= 500:
        raise typer.BadParameter("The reason has 1 to 500 characters.", param_hint="--backfill")


def default_ledger(services: "Services", *, live: bool) -> "LedgerIdentity":
    """The default account's ledger."""
    from api.accounts.first_start import ensure_default_account
    from ledger.accounts.ledgers import ledger_for_live, ledger_for_test

    ensure_default_account(services)
    return services.identity(ledger_for_live(1) if live else ledger_for_test(1))


def circumstances_of_run() -> "Circumstances":
    from ledger.kernel.clock import system_now
    from ledger.kernel.commands import Circumstances
    from ledger.kernel.ids import new_id

    return Circumstances(system_now(), "system:cli", new_id("run"))


def _kind_of(file: Path, given: "FormatName | None", *, mapped: bool) -> "FormatName":
    from api.meter_events.usage_files import format_of_file

    kind = given or format_of_file(file) or ("csv" if mapped else None)
    if kind is None:
        raise typer.BadParameter("The name of the file tells no format. Give --format.")
    if mapped and kind in {"cloudevents", "cloudevents-batch"}:
        raise typer.BadParameter("CloudEvents name their own event: leave out --event-name.")
    return kind


def _run(importing: "UsageImport", file: Path) -> bool:
    """Import the file; False when a person interrupted it."""
    size = file.stat().st_size
    with progress_of(f"bytes of {file.name}") as progress:
        try:
            importing.run(file, lambda read: progress(read, size))
        except KeyboardInterrupt:
            return False
    return True


def _report(summary: "ImportSummary", *, finished: bool, as_json: bool) -> None:
    if as_json:
        data(summary.document())
    else:
        for text in summary.sentences():
            typer.echo(text)
    if not finished:
        note("Interrupted. Run the same command again to go on.")
        raise typer.Exit(130)
    if summary.database_lost:
        raise typer.Exit(EXIT_NO_DATABASE)
    if not summary.complete:
        raise typer.Exit(EXIT_REFUSED)
