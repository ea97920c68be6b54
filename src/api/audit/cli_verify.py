"""`tallybook audit verify`: everything that is stored, held against the log."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.audit.cli_checkpoint import kept_note
from api.cli.connection import DataDir, opened
from api.cli.output import EXIT_DIFFERENT, AsJson, data, explained
from api.cli.progress import Progress, progress_of

if TYPE_CHECKING:
    from projections.audit.verifying.verify import VerifiedLedger

READ_MODELS = "read-models"

Ledgers = Annotated[
    list[int] | None, typer.Option("--ledger", help="A ledger's number; all if none is given.")
]
Parallel = Annotated[
    int | None,
    typer.Option(min=1, help="Processes for a large ledger; as many as there are processors."),
]
Against = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A checkpoint that was kept outside; its ledger must still begin with what it is "
        "about. '-' reads it from standard input.",
        exists=True,
        dir_okay=False,
        allow_dash=True,
    ),
]
PublicKeys = Annotated[
    list[str] | None,
    typer.Option(
        "--public-key", metavar="KEY", help="A key that checkpoints have to be signed by."
    ),
]
Skip = Annotated[
    list[str] | None, typer.Option(metavar=READ_MODELS, help="Leave out the read models.")
]


def verify(
    ledger: Ledgers = None,
    parallel: Parallel = None,
    against: Against = None,
    public_key: PublicKeys = None,
    skip: Skip = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Walk everything that is stored and name the first position at which anything is wrong.

    Positions, streams, heads, every event, the hash tree, every checkpoint, usage keys, and every
    row of the read models. Nothing is written. Exit code 3 when anything is wrong. Whoever holds
    the signing key can rewrite it all alike: what was kept outside tells (--against).
    """
    from api.audit.verifying import verification_document, verified

    if unknown := [one for one in skip or () if one != READ_MODELS]:
        raise typer.BadParameter(f"only {READ_MODELS} can be left out, not {unknown[0]}")
    found: list[VerifiedLedger] = []
    with explained(), opened(data_dir) as (services, _), ExitStack() as shown:

        def progress(ledger_id: int) -> Progress:
            shown.close()
            return shown.enter_context(progress_of(f"verifying ledger {ledger_id}"))

        for one in verified(
            services,
            ledger or (),
            progress,
            processes=parallel or os.cpu_count() or 1,
            read_models=not skip,
            kept=None if against is None else kept_note(against),
            public_keys=public_key or (),
        ):
            found.append(one)
            if not as_json:
                shown.close()
                _tell(one)
    if as_json:
        data(verification_document(found))
    if not all(one.holds for one in found):
        raise typer.Exit(EXIT_DIFFERENT)


def _tell(one: "VerifiedLedger") -> None:
    verdict = "holds" if one.holds else f"{one.failures} WRONG"
    typer.echo(
        f"ledger {one.ledger_id}: {one.events} events, {one.meter_events} meter events, "
        f"{one.checkpoints} checkpoints, {one.rows} rows: {verdict}"
    )
    for name, events in sorted(one.behind.items()):
        typer.echo(f"  {name} has {events} events still to follow, and was held against the rest")
    if one.first_bad_position is not None:
        typer.echo(f"  first bad position: {one.first_bad_position}")
    for finding in one.findings:
        typer.echo(f"  {finding.sentence()}")
    if one.failures > len(one.findings):
        typer.echo(f"  and {one.failures - len(one.findings)} more")
