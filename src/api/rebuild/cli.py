"""`tallybook projections`: the read models, their versions side by side, and their partitions."""

from typing import Annotated

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import AsJson, data, explained, note
from api.cli.partitions import partition_all
from api.rebuild.cli_rebuild import rebuild, verify
from api.rebuild.cli_versions import drop, list_versions, switch

app = typer.Typer(
    name="projections",
    help="Read models: their versions, rebuilding, switching, verifying.",
    no_args_is_help=True,
)
app.command("list")(list_versions)


@app.command()
def status(
    of_ledger: Annotated[
        int | None, typer.Option("--ledger", help="One ledger; none means all.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show how far each projection has come in each ledger."""
    with explained(), opened(data_dir) as (services, databases):
        from api.rebuild.versions import building

        rows = services.projector.checkpoints.all_ledgers(of_ledger)
        under_way = building(databases.owner_url)
    if as_json:
        data(rows)
        return
    for row in rows:
        typer.echo(
            f"ledger {row['ledger_id']:<4} {row['projection']:<20} position {row['position']:<8} "
            f"lag {row['lag']:<6} {row['rate'] or 0:>6}/s  {row['error'] or 'running'}"
        )
    for line in under_way:
        note(line)


app.command()(rebuild)
app.command()(switch)
app.command()(verify)
app.command()(drop)


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
