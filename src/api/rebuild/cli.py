"""`tallybook projections`: status and rebuild."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import EXIT_DIFFERENT, EXIT_NOT_FOUND, AsJson, data, explained, note
from api.cli.progress import progress_of

if TYPE_CHECKING:
    from projections.runtime.rebuild import Rebuilt

app = typer.Typer(name="projections", help="Read models: status, rebuild.", no_args_is_help=True)


@app.command()
def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show how far each projection has come in each ledger."""
    with explained(), opened(data_dir) as (services, _):
        rows = services.projector.checkpoints.all_ledgers()
    if as_json:
        data(rows)
        return
    for row in rows:
        typer.echo(
            f"ledger {row['ledger_id']:<4} {row['projection']:<20} position {row['position']:<8} "
            f"lag {row['lag']:<6} {row['error'] or 'running'}"
        )


@app.command()
def rebuild(
    names: Annotated[list[str] | None, typer.Argument(help="Projections; none means all.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Build projections anew from the first event and compare them with the live ones.

    Exit code 3 when a rebuilt table differs from the live one that it replaces.
    """
    from projections.registry import PROJECTIONS
    from projections.runtime.rebuild import rebuild as build_anew

    known = {projection.name: projection for projection in PROJECTIONS}
    unknown = [name for name in names or [] if name not in known]
    if unknown:
        note(f"There is no projection {unknown[0]}. There are: {', '.join(known)}.")
        raise typer.Exit(EXIT_NOT_FOUND)
    results: list[Rebuilt] = []
    with explained(), opened(data_dir) as (services, databases):
        for name in names or known:
            with progress_of(f"rebuilding {name}") as progress:
                results.append(build_anew(databases.owner_url, known[name], services.log, progress))
    if as_json:
        data([_as_dict(result) for result in results])
    else:
        for result in results:
            _show(result)
    if not all(result.equal for result in results):
        raise typer.Exit(EXIT_DIFFERENT)


def _show(result: "Rebuilt") -> None:
    for table in result.tables:
        verdict = {True: "equal", False: "DIFFERENT", None: "live table was behind"}[table.equal]
        typer.echo(
            f"{result.projection:<20} {table.table:<22} {table.rows:>9} rows  "
            f"{table.digest[:16]}  {verdict}"
        )


def _as_dict(result: "Rebuilt") -> dict[str, object]:
    return {
        "projection": result.projection,
        "events": result.events,
        "tables": [
            {
                "table": t.table,
                "rows": t.rows,
                "digest": t.digest,
                "live_rows": t.live_rows,
                "live_digest": t.live_digest,
                "equal": t.equal,
            }
            for t in result.tables
        ],
    }
