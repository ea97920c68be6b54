"""`tallybook projections rebuild` and `verify`."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import EXIT_DIFFERENT, AsJson, data, explained, note
from api.cli.progress import progress_of

if TYPE_CHECKING:
    from projections.runtime.rebuild.rebuilding import Plan, Rebuilt

_Names = Annotated[list[str] | None, typer.Argument(help="Projections; none means all.")]
_Throttle = Annotated[
    str | None,
    typer.Option(help="At most so many records a second, or a share of the time: 50000, 25%."),
]
_Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes that build; as many as cores if not said.")
]
_Anew = Annotated[bool, typer.Option("--anew", help="Discard what an earlier run left unfinished.")]


def rebuild(
    names: _Names = None,
    throttle: _Throttle = None,
    workers: _Workers = None,
    anew: _Anew = False,
    no_switch: Annotated[
        bool, typer.Option("--no-switch", help="Build and compare; switch by 'switch' later.")
    ] = False,
    drop_replaced: Annotated[
        bool, typer.Option("--drop-replaced", help="Do not keep the version that was live.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Build projections anew from the first event, compare them with the live ones, and switch.

    The live ones are read and followed meanwhile. A rebuild that was cut off goes on where it was
    when it is run again. The version that was live is kept for 'switch', which goes back to it.
    Exit code 3 when a rebuilt table differs from the live one that it replaces.
    """
    from projections.runtime.rebuild import rebuilding

    settings = {"anew": anew, "switches": not no_switch, "drops": drop_replaced}
    _run(rebuilding.rebuild, "rebuilding", names, (throttle, workers, settings), data_dir, as_json)


def verify(
    names: _Names = None,
    throttle: _Throttle = None,
    workers: _Workers = None,
    anew: _Anew = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Fold the log afresh beside the live read models and compare every row; nothing is changed.

    Exit code 3 when a table differs; the keys of the first rows that do are shown.
    """
    from projections.runtime.rebuild import rebuilding

    settings = {"anew": anew}
    _run(rebuilding.verify, "verifying", names, (throttle, workers, settings), data_dir, as_json)


def _run(
    work: "Callable[..., list[Rebuilt]]",
    what: str,
    names: list[str] | None,
    how: tuple[str | None, int | None, dict[str, bool]],
    data_dir: Any,
    as_json: bool,
) -> None:
    from api.rebuild.versions import projections_named

    throttle, workers, settings = how
    with explained():
        projections = projections_named(names)
        plan = _plan(throttle, settings)
        with opened(data_dir) as (services, databases), _said(what, names) as progress:
            plan = _staffed(plan, workers, databases)
            results = work(databases.owner_url, projections, services.log, progress, plan)
    if as_json:
        data([as_dict(result) for result in results])
    else:
        for result in results:
            _show(result)
    if not all(result.equal for result in results):
        raise typer.Exit(EXIT_DIFFERENT)


def _said(what: str, names: list[str] | None):
    return progress_of(f"{what} {', '.join(names) if names else 'all read models'}")


def _plan(throttle: str | None, settings: dict[str, bool]) -> "Plan":
    from projections.runtime.rebuild.pace import Throttle
    from projections.runtime.rebuild.rebuilding import Plan

    return replace(Plan(throttle=Throttle.of(throttle)), **settings)


def _staffed(plan: "Plan", workers: int | None, databases: Any) -> "Plan":
    """The plan with as many processes as may work."""
    from projections.runtime.rebuild.workers import Crew

    size = workers or len(os.sched_getaffinity(0))
    if size == 1:
        return plan
    return replace(plan, crew=Crew(size, databases.app_url, databases.owner_url))


def _show(result: "Rebuilt") -> None:
    for table in result.tables:
        verdict = {True: "equal", False: "DIFFERENT", None: "live table was behind"}[table.equal]
        typer.echo(
            f"{result.projection:<20} {table.table:<22} {table.rows:>9} rows  "
            f"{table.digest[:16]}  {verdict}"
        )
        for row in table.differing:
            note(f"  differs: {table.table}, ledger and key {row}")


def as_dict(result: "Rebuilt") -> dict[str, object]:
    """The outcome for programs."""
    return {
        "projection": result.projection,
        "events": result.events,
        "records": result.records,
        "equal": result.equal,
        "switched": result.switched,
        "tables": [
            {
                "table": t.table,
                "rows": t.rows,
                "digest": t.digest,
                "live_rows": t.live_rows,
                "live_digest": t.live_digest,
                "equal": t.equal,
                "differing": list(t.differing),
            }
            for t in result.tables
        ],
    }
