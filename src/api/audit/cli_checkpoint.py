"""`tallybook audit checkpoint`: a signed note for an outsider; whether an old one still holds."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.connection import DataDir, opened
from api.cli.output import EXIT_DIFFERENT, AsJson, data, explained, note
from api.cli.progress import progress_of

if TYPE_CHECKING:
    from api.audit.witness import Witnessed
    from api.services import Services
    from ledger.kernel.commands import LedgerIdentity
    from projections.audit.merkle.rows import CheckpointRow

_Against = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A checkpoint that was kept; '-' reads it from standard input. Says whether the log "
        "still begins with what it is about.",
        exists=True,
        dir_okay=False,
        allow_dash=True,
    ),
]


def checkpoint(
    key: Annotated[bool, typer.Option("--key", help="The public keys instead.")] = False,
    against: _Against = None,
    public_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="With --against: the key that has to have signed it."),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="The live ledger.")] = False,
    control: Annotated[
        bool, typer.Option("--control", help="The ledger of the accounts and API keys themselves.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Print a signed checkpoint of the log for an outsider to keep; it is signed now if there is
    news.

    With --against, exit code 3 when anything that the kept checkpoint is about was changed, 6 when
    the file is no checkpoint of this ledger. The log itself is read, not the read models.
    """
    if public_key is not None and against is None:
        raise typer.BadParameter("It goes with --against.", param_hint="--public-key")
    if control and live:
        raise typer.BadParameter("There is one for all accounts.", param_hint="--control")
    from api.meter_events.cli import default_ledger
    from ledger.accounts.ledgers import CONTROL_LEDGER

    with explained(), opened(data_dir) as (services, _):
        ledger = CONTROL_LEDGER if control else default_ledger(services, live=live)
        if key:
            _print_keys(services, ledger, as_json=as_json)
        elif against is not None:
            _compare(services, ledger, kept_note(against), public_key, as_json=as_json)
        else:
            _print_checkpoint(signed_now(services, ledger, data_dir), as_json=as_json)


def _print_checkpoint(row: "CheckpointRow", *, as_json: bool) -> None:
    from api.audit.checkpoints import checkpoint_object

    if as_json:
        data(checkpoint_object(row))
    else:
        sys.stdout.write(row.note)


def signed_now(
    services: "Services", ledger: "LedgerIdentity", data_dir: Path | None
) -> "CheckpointRow":
    """The last checkpoint, signed now if there is news and a key to sign with."""
    from api.audit.checkpoints import OtherKey, sign_checkpoint
    from api.audit.signing_key import NoSigningKey, signer_of
    from api.settings import load_settings
    from ledger.kernel.clock import system_now
    from ledger.kernel.errors import InvalidRequest, NotFound
    from projections.audit.merkle.proofs import Tree
    from projections.audit.merkle.queries import last_checkpoint

    if not Tree(services.reader(ledger.ledger_id)).wait():
        raise InvalidRequest("Nothing was recorded in this ledger yet: there is nothing to sign.")
    try:
        signer = signer_of(load_settings(data_dir=data_dir))
        sign_checkpoint(services, ledger, signer, system_now(), "system:cli")
    except (NoSigningKey, OtherKey) as reason:
        note(f"{reason} This is the last one that was signed.")
    reader = services.reader(ledger.ledger_id)
    Tree(reader).wait()
    last = last_checkpoint(reader)
    if last is None:
        raise NotFound("checkpoint", "latest")
    return last


def _print_keys(services: "Services", ledger: "LedgerIdentity", *, as_json: bool) -> None:
    from projections.audit.merkle.queries import log_keys

    found = log_keys(services.reader(ledger.ledger_id))
    if as_json:
        data([one._asdict() for one in found])
        return
    for one in found:
        typer.echo(one.key)
    if not found:
        note("No checkpoint was signed yet.")


def kept_note(file: Path) -> str:
    """The text of a checkpoint that was kept. Raises InvalidRequest where there is none."""
    from ledger.kernel.errors import InvalidRequest

    try:
        if str(file) == "-":
            return sys.stdin.read()
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidRequest(f"{file} is no checkpoint: it is not text.") from None


def _compare(
    services: "Services",
    ledger: "LedgerIdentity",
    kept: str,
    public_key: str | None,
    *,
    as_json: bool,
) -> None:
    from api.audit.witness import witness

    with progress_of("events") as progress:
        found = witness(services, ledger, kept, public_key, progress)
    if as_json:
        data(found.document())
    else:
        _tell(found)
    if not found.extends:
        raise typer.Exit(EXIT_DIFFERENT)


def _tell(found: "Witnessed") -> None:
    typer.echo(f"{'extended' if found.extends else 'REWRITTEN'}: {found.sentence}")
    typer.echo(f"  origin      {found.kept.origin}")
    typer.echo(f"  size        {found.kept.size}, now {found.head}")
    typer.echo(f"  kept root   {found.kept.root.hex()}")
    typer.echo(f"  root now    {found.root.hex() if found.root else 'none'}")
    if found.signed_by is None:
        note("The kept checkpoint is by a key that this ledger does not name.")
