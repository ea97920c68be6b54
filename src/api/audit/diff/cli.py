"""`tallybook diff`: one thing at two points in time."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import AsJson, data, explained
from api.cli.tables import print_table, printable
from api.invoices.cli import LiveOrTest

if TYPE_CHECKING:
    from rich.table import Table

    from api.audit.diff.difference import Difference, Stretch
    from api.audit.diff.subjects import Subject
    from api.services import Services
    from ledger.kernel.commands import LedgerIdentity

Kind = Literal["invoice", "subscription", "price", "customer", "meter", "preview", "summary"]


class _What(NamedTuple):
    """The object by which the ledger is found."""

    name: str
    prefix: str


_WHAT: Final[dict[Kind, _What]] = {
    "invoice": _What("invoice", "in"),
    "subscription": _What("subscription", "sub"),
    "price": _What("price", "price"),
    "customer": _What("customer", "cus"),
    "meter": _What("billing meter", "mtr"),
    "preview": _What("subscription", "sub"),
    "summary": _What("customer", "cus"),
}
_MOMENT = "position:123, a date or time by RFC 3339, or seconds since 1970"
_SUMMARY = "Of a summary"
_SHOWN = 60
_NAMED = 3
"""Fields that are named with an event; --json has all of them."""


def diff(  # noqa: PLR0913, PLR0917 - one parameter an option
    kind: Annotated[Kind, typer.Argument(help="What to compare.")],
    start: Annotated[str, typer.Option("--from", metavar="MOMENT", help=f"{_MOMENT}.")],
    subject_id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Its id; the subscription's for a preview."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="MOMENT", help="Likewise; now without it.")
    ] = None,
    customer: Annotated[
        str | None, typer.Option(help="Whose usage.", rich_help_panel=_SUMMARY)
    ] = None,
    event_name: Annotated[
        str | None, typer.Option(help="The meter's event name.", rich_help_panel=_SUMMARY)
    ] = None,
    usage_from: Annotated[
        str | None, typer.Option(help="A time, included.", rich_help_panel=_SUMMARY)
    ] = None,
    usage_to: Annotated[
        str | None, typer.Option(help="A time, not included.", rich_help_panel=_SUMMARY)
    ] = None,
    window: Annotated[Literal["hour", "day"] | None, typer.Option(rich_help_panel=_SUMMARY)] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many events to show.")] = 100,
    live: LiveOrTest = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Compare a thing with itself at another time, and name the events that made it differ.

    Exit code 4 when it is not known, or was not at that time.
    """
    from api.audit.diff.difference import difference

    summary = {
        "customer": customer,
        "event_name": event_name,
        "start": usage_from,
        "end": usage_to,
        "window": window,
    }
    with explained(), opened(data_dir) as (services, _):
        subject, named = _subject(kind, subject_id, summary)
        identity = _ledger(services, named, kind, live=live)
        stretch = _stretch(services, identity, start, end, limit)
        found = difference(services, identity, subject, stretch)
    if as_json:
        data(found.document())
    else:
        _tell(found)


def _subject(
    kind: Kind, subject_id: str | None, summary: dict[str, str | None]
) -> "tuple[Subject, str]":
    """What is compared, and a stream of the ledger that it is in. Raises BadParameter."""
    from api.audit.cli_query import asked_usage
    from api.audit.diff.subjects import ObjectSubject, PreviewSubject, SummarySubject

    if kind != "summary" and any(text is not None for text in summary.values()):
        raise typer.BadParameter("--customer, --event-name, --usage-… are of a summary.")
    if kind == "summary":
        if subject_id is not None:
            raise typer.BadParameter("A summary has no id.", param_hint="ID")
        given: dict[str, Any] = {k: text for k, text in summary.items() if text is not None}
        for name, option in (
            ("customer", "customer"),
            ("start", "usage-from"),
            ("end", "usage-to"),
        ):
            if name not in given:
                raise typer.BadParameter("A summary needs it.", param_hint=f"--{option}")
        asked = asked_usage(given, options=("--usage-from", "--usage-to"))
        return SummarySubject(asked), given["customer"]
    if subject_id is None:
        raise typer.BadParameter("Give the id.", param_hint="ID")
    if kind == "preview":
        return PreviewSubject(subject_id), subject_id
    return ObjectSubject(subject_id, kind), subject_id


def _ledger(
    services: "Services", stream: str, kind: Kind, *, live: bool | None
) -> "LedgerIdentity":
    from api.invoices.finding import ledger_of_object

    what = _WHAT[kind]
    return ledger_of_object(services, stream, what.name, what.prefix, livemode=live)


def _stretch(
    services: "Services", identity: "LedgerIdentity", start: str, end: str | None, limit: int
) -> "Stretch":
    from api.accounts.cli_views import point_at
    from api.audit.diff.difference import Stretch, now_of

    first = point_at(services, identity, start, option="--from")
    if end is None:
        last = now_of(services.log(identity.ledger_id))
    else:
        last = point_at(services, identity, end, option="--to")
    return Stretch(first, last, limit, names=("--from", "--to"))


def _tell(found: "Difference") -> None:
    from api.audit.usage import written

    points = (found.stretch.start, found.stretch.end)
    typer.echo(f"{found.subject.kind} {found.subject.id}")
    for name, point in zip(("from", "to"), points, strict=True):
        typer.echo(f"{name:<6}position {point.position}, {written(point.at)}")
    if not found.changes:
        typer.echo("Nothing differs.")
    else:
        print_table(_changes(found))
    if found.between.events:
        typer.echo("")
        print_table(_events(found))
    if found.between.more:
        typer.echo("There are more events: raise --limit, or begin with a later --from.")


def _changes(found: "Difference") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("Field", "Before", "After"):
        table.add_column(name, overflow="fold")
    for change in found.changes:
        before = "-" if change.kind == "added" else _short(change.before)
        after = "-" if change.kind == "removed" else _short(change.after)
        table.add_row(printable(change.path), before, after)
    return table


def _events(found: "Difference") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("Position", justify="right")
    for name in ("Recorded", "By", "Request", "What", "Changed"):
        table.add_column(name, overflow="fold")
    for event in found.between.objects():
        recorded = event["recorded_at"][:19] + "Z"
        said = printable(event["meaning"])
        request = event["request_id"] or "-"
        changed = printable(_few(event["changed"]))
        table.add_row(str(event["position"]), recorded, event["actor"], request, said, changed)
    return table


def _few(paths: list[str]) -> str:
    """The first of several fields."""
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more


def _short(value: Any) -> str:
    """A value on one line, cut where it is long."""
    import json

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return printable(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
