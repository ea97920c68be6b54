"""`tallybook keys`: give out, list and revoke API keys."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import AsJson, data, explained, note
from api.cli.tables import print_table

if TYPE_CHECKING:
    from projections.accounts.rows import ApiKeyRow

keys = typer.Typer(help="Give out, list and revoke API keys.", no_args_is_help=True)

_Account = Annotated[
    str | None, typer.Option("--account", help="Whose keys; the default account's if left out.")
]


@keys.command()
def create(
    live: Annotated[bool, typer.Option("--live", help="A key to the live ledger.")] = False,
    restricted: Annotated[
        bool, typer.Option("--restricted", help="A key that only reads.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="What the key is for.")] = None,
    account: _Account = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Give out a key. It is shown this once and kept nowhere."""
    from api.accounts.first_start import ensure_default_account
    from api.accounts.keys import issue_key
    from ledger.accounts.ledgers import DEFAULT_ACCOUNT_ID

    with explained(), opened(data_dir) as (services, _):
        ensure_default_account(services)
        issued = issue_key(
            services,
            account or DEFAULT_ACCOUNT_ID,
            "restricted" if restricted else "secret",
            livemode=live,
            name=name,
        )
    if as_json:
        data(issued.document())
        return
    typer.echo(issued.key)
    note(f"Key {issued.id}. Keep it now: it will not be shown again.")


@keys.command("list")
def list_(account: _Account = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List keys, newest first, without their secrets."""
    from rich.table import Table

    from api.accounts.keys import list_keys, row_document
    from ledger.accounts.ledgers import DEFAULT_ACCOUNT_ID

    with explained(), opened(data_dir) as (services, _):
        rows = list_keys(services, account or DEFAULT_ACCOUNT_ID)
    if as_json:
        data([row_document(row) for row in rows])
        return
    table = Table(box=None)
    for name in ("id", "key", "ledger", "may", "name", "created", "revoked"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*_cells(row))
    print_table(table)


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Revoke a key for good. Running servers refuse it within a second."""
    from api.accounts.keys import revoke_key

    with explained(), opened(data_dir) as (services, _):
        revoke_key(services, key_id)
    if as_json:
        data({"id": key_id, "revoked": True})
    else:
        note(f"Key {key_id} is revoked.")


def _cells(row: "ApiKeyRow") -> tuple[str, ...]:
    return (
        row.id,
        row.redacted,
        "live" if row.livemode else "test",
        ", ".join(row.scopes),
        row.name or "",
        _minute(row.created),
        _minute(row.revoked_at),
    )


def _minute(seconds: int | None) -> str:
    from ledger.kernel.clock import from_epoch

    return "" if seconds is None else f"{from_epoch(seconds):%Y-%m-%d %H:%M} UTC"
