"""`tallybook projections list`, `switch` and `drop`."""

from typing import Annotated

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import EXIT_NOT_FOUND, AsJson, data, explained, note
from api.cli.progress import progress_of

_Name = Annotated[str, typer.Argument(help="A projection.")]


def list_versions(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the versions of each projection that are there: live, beside it, and earlier ones."""
    from api.rebuild.versions import versions

    with explained(), opened(data_dir) as (_, databases):
        found = versions(databases.owner_url)
    if as_json:
        data([version.as_dict() for version in found])
        return
    for one in found:
        typer.echo(
            f"{one.projection:<22} {one.state:<9} {one.events:>10} events  "
            f"{one.bytes / 1_000_000:>10.1f} MB  {one.note}"
        )


def switch(name: _Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Exchange the live version of a projection with the one beside it, also to go back.

    The other one is caught up first, while the live one is read; the exchange is one transaction.
    """
    from api.rebuild.versions import projections_named
    from projections.runtime.projection import checkpoint_name
    from projections.runtime.rebuild.switching import switch as exchange

    with explained():
        [projection] = projections_named([name])
        with (
            opened(data_dir) as (services, databases),
            progress_of(f"catching {name} up") as progress,
        ):
            exchange(databases.owner_url, projection, services.log, progress)
    if as_json:
        data({"projection": checkpoint_name(projection), "switched": True})
        return
    typer.echo(f"{checkpoint_name(projection)}: the other version is live now")


def drop(
    name: _Name,
    earlier: Annotated[
        bool,
        typer.Option("--earlier", help="Drop the tables of earlier releases instead."),
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Drop the version of a projection beside the live one. Exit code 4 where there is none."""
    from api.rebuild.versions import projections_named
    from projections.runtime.rebuild.earlier import drop_earlier
    from projections.runtime.rebuild.filling import connected
    from projections.runtime.rebuild.rebuilding import drop as drop_other

    with explained():
        [projection] = projections_named([name])
        with opened(data_dir) as (_, databases):
            if earlier:
                with connected(databases.owner_url) as conn:
                    dropped = [table.name for table in drop_earlier(conn, projection)]
            else:
                dropped = [name] * drop_other(databases.owner_url, projection)
    if as_json:
        data({"dropped": dropped})
    for what in dropped:
        note(f"dropped {what if earlier else f'the other version of {what}'}")
    if not dropped:
        note(f"There is no {'earlier' if earlier else 'other'} version of {name}.")
        raise typer.Exit(EXIT_NOT_FOUND)
