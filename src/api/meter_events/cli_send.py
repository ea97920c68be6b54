"""`tallybook usage send`: a file of usage to a server, over HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import EXIT_REFUSED, AsJson, data, note
from api.cli.progress import progress_of
from api.meter_events.cli import FileFormat, app

if TYPE_CHECKING:
    from api.meter_events.sending import SendSummary

__all__ = ["app"]


@app.command()
def send(
    file: Annotated[
        Path,
        typer.Argument(
            help="NDJSON, JSON array, CSV or CloudEvents, also gzip or zstd.",
            exists=True,
            dir_okay=False,
        ),
    ],
    url: Annotated[str, typer.Option(help="Where the server is.")] = "http://127.0.0.1:4242",
    key: Annotated[
        str | None, typer.Option(envvar="TALLYBOOK_API_KEY", help="A secret API key.")
    ] = None,
    file_format: FileFormat = None,
    from_line: Annotated[int, typer.Option(min=1, help="Skip the lines before.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Send the records of a file to the bulk door of a server, each counted once.

    Sending a file again is safe; `--from-line` saves time after an interruption. Exit code 6 when
    a record was refused.
    """
    from api.meter_events.sending import SendingFailed, UsageSending, parts_of
    from api.meter_events.usage_files import format_of_file

    kind = file_format or format_of_file(file)
    if kind is None:
        raise typer.BadParameter("The name of the file tells no format. Give --format.")
    if not key:
        raise typer.BadParameter("Give --key, or set TALLYBOOK_API_KEY.")
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("The URL begins with http:// or https://.", param_hint="--url")
    sending = UsageSending(url, key, kind)
    sending.summary.next_line = from_line
    size, code = file.stat().st_size, 0
    with progress_of(f"bytes of {file.name}") as progress:
        try:
            sending.run(parts_of(file, kind, from_line), lambda read: progress(read, size))
        except SendingFailed as failed:
            sending.summary.stopped, code = str(failed), 1
        except KeyboardInterrupt:
            sending.summary.stopped, code = "Interrupted.", 130
    _tell(sending.summary, as_json=as_json)
    if code or not sending.summary.complete:
        raise typer.Exit(code or EXIT_REFUSED)


def _tell(summary: "SendSummary", *, as_json: bool) -> None:
    if as_json:
        data(summary.document())
    else:
        counts = summary.counts
        typer.echo(
            f"{counts['accepted']} accepted, {counts['duplicates']} recorded before, "
            f"{counts['conflicts']} conflicts, {counts['rejected']} rejected"
        )
        for error in summary.errors:
            typer.echo(f"  line {error['line']}: {error['code']}: {error['reason']}")
    if summary.stopped:
        note(f"Stopped: {summary.stopped} Go on with --from-line {summary.next_line}.")
