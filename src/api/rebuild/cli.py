"""`tallybook projections`: status, rebuild and partition."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import EXIT_DIFFERENT, EXIT_NOT_FOUND, AsJson, data, explained, note
from api.cli.partitions import partition_all
from api.cli.progress import progress_of

if TYPE_CHECKING:
    from projections.runtime.rebuild import Rebuilt

app = typer.Typer(
    name="projections", help="Read models: status, rebuild, partition.", no_args_is_help=True
)


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


@app.command()
def partition(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Give the rows of each month a partition of their own, and drop those that count no more.

    Moves rows out of the default partition, where months without one lie, while usage is recorded
    and read. Done by `db migrate` as well.
    """
    with explained(), opened(data_dir) as (_, databases):
        done = partition_all(databases.owner_url)
    if as_json:
        moved = [{"month": str(m.month), "rows": m.rows} for m in done.moved]
        there = [{"name": p.name, "month": p.month and str(p.month)} for p in done.partitions]
        data({"made": done.made, "moved": moved, "dropped": done.dropped, "partitions": there})
        return
    for name in done.made:
        typer.echo(f"made     {name}")
    for moved in done.moved:
        typer.echo(f"moved    {moved.month}  {moved.rows} rows of {moved.table}")
    for name in done.dropped:
        typer.echo(f"dropped  {name}")
    typer.echo(f"{len(done.partitions)} partitions")


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
