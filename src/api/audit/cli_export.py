"""`tallybook audit export`: the evidence of one invoice, for an outsider to check."""

import sys
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.as_of import AsOfOption
from api.cli.connection import DataDir, opened
from api.cli.files import written_file
from api.cli.output import EXIT_DIFFERENT, AsJson, data, explained, note
from api.invoices.cli import LiveOrTest

if TYPE_CHECKING:
    from api.audit.evidence import Exported
    from api.services import Services
    from ledger.audit.evidence.collecting import Evidence
    from ledger.kernel.commands import LedgerIdentity

InvoiceOption = Annotated[
    str, typer.Option("--invoice", metavar="ID", help="As the API names it: in_…")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to write it; '-' is standard output. By default the invoice's id with .zip or "
        ".sqlite behind it, in this folder.",
        dir_okay=False,
        allow_dash=True,
    ),
]
Form = Annotated[
    Literal["zip", "sqlite"],
    typer.Option(
        "--format",
        help="An archive that proves the invoice, or the same as tables in a SQLite file.",
    ),
]


def export(
    invoice: InvoiceOption,
    output: Output = None,
    form: Form = "zip",
    as_of: AsOfOption = None,
    live: LiveOrTest = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Write everything that proves a finalized invoice into one file for an outsider.

    It has the invoice, every event that it rests on, the customer's own usage, proofs to a signed
    checkpoint, and verify.py, which checks all of it with a bare Python. A checkpoint is signed now
    if none covers the invoice yet; with --as-of it needs one that was signed by then. Exit code 3
    when the log does not prove the invoice, 4 when there is no such invoice, 6 for a draft.
    """
    from api.accounts.cli_views import position_at
    from api.audit.evidence import Unprovable, exported
    from api.invoices.finding import ledger_of_invoice

    file = output or Path(f"{invoice}.{form}")
    to_stdout = str(file) == "-"
    with explained(), opened(data_dir) as (services, _):
        try:
            identity = ledger_of_invoice(services, invoice, livemode=live)
            known = position_at(services, identity, as_of)
            evidence = _covered(services, identity, invoice, data_dir, known)
            with exported(services, evidence, known) as made:
                content = made.made(form)
                _write(file, content, to_stdout=to_stdout)
                if as_json and not to_stdout:
                    data(made.document(content) | {"file": str(file)})
                elif not to_stdout:
                    _tell(made, file, content)
        except Unprovable as wrong:
            note(wrong.message)
            raise typer.Exit(EXIT_DIFFERENT) from None


def _covered(
    services: "Services",
    identity: "LedgerIdentity",
    invoice: str,
    data_dir: Path | None,
    known: int | None,
) -> "Evidence":
    """The evidence, with a checkpoint that is signed now where none covers it yet, unless it is
    asked for as of the position `known`."""
    from api.audit.cli_checkpoint import signed_now
    from api.audit.evidence import Uncovered, covering, evidence_of

    evidence = evidence_of(services, identity, invoice, known)
    try:
        covering(services, evidence, known)
    except Uncovered:
        if known is not None:
            raise
        signed_now(services, identity, data_dir)
    return evidence


def _write(file: Path, content: Path, *, to_stdout: bool) -> None:
    with content.open("rb") as made:
        if to_stdout:
            copyfileobj(made, sys.stdout.buffer)
            return
        with written_file(file) as written:
            copyfileobj(made, written)


def _tell(made: "Exported", file: Path, content: Path) -> None:
    shown = made.document(content)
    typer.echo(f"{file}: {shown['bytes']:,} bytes")
    typer.echo(f"  invoice       {made.invoice}")
    typer.echo(f"  events        {made.events}")
    typer.echo(f"  meter events  {made.meter_events}")
    typer.echo(f"  checkpoint    of {made.checkpoint.size} events")
    typer.echo(f"  key           {made.checkpoint.public_key}")
    typer.echo(f"  sha256        {shown['sha256']}")
    if file.suffix != ".sqlite":
        note(f"It is checked by verify.py, which is in it: python3 -I -S verify.py {file.name}")
