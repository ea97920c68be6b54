"""`tallybook serve`: the HTTP API with its projector and scheduler, on one machine."""

import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import EXIT_REFUSED, explained, note
from api.settings import Settings, SettingsError, load_settings
from ledger.store import crash_points

if TYPE_CHECKING:
    from api.audit.signing_key import Signer
    from api.serve.supervisor import Supervisor
    from api.services import Services

_Port = Annotated[int | None, typer.Option(help="TCP port; 0 takes a free one.")]
_Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
_Workers = Annotated[int | None, typer.Option(min=1, help="API processes.")]
_DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")]


def serve(
    host: _Host = None, port: _Port = None, workers: _Workers = None, data_dir: _DataDir = None
) -> None:
    """Serve the HTTP API; close periods and finalize invoices when they are due."""
    with explained():
        settings = load_settings(host=host, port=port, workers=workers, data_dir=data_dir)
        with served(settings) as (supervisor, url):
            note(f"Tallybook serves on {url} (API reference: {url}/docs)")
            supervisor.run()


@contextmanager
def served(settings: Settings) -> "Generator[tuple[Supervisor, str]]":
    """A database brought up to date, a socket, and a supervisor ready to run.

    Raises DatabaseError, MigrationError, SettingsError where it cannot listen, LedgerError for a
    seed key that cannot be used.
    """
    from api.accounts.first_start import ensure_default_account, seed_key
    from api.accounts.keys import has_live_keys
    from api.database.connection import databases_of
    from api.serve.logs import configure_logs
    from api.serve.supervisor import Plan, Supervisor
    from api.services import Services
    from projections.registry import migrate

    configure_logs(settings.log_level)
    with databases_of(settings) as databases:
        migrate(databases.owner_url, databases.app_role)
        services = Services(databases.app_url, pool_size=2, follow_inline=True)
        ensure_default_account(services)
        if settings.api_key is not None:
            seed_key(services, settings.api_key.get_secret_value())
        check_concerns(databases.app_url, has_live_keys=has_live_keys(services))
        offer_rebuilds(services)
        services.close()
        if databases.embedded is not None:
            databases.embedded.watch()
        listener = listening(settings.host, settings.port)
        plan = Plan(
            databases.app_url,
            listener,
            settings.workers,
            settings.finalization_grace_seconds,
            _environment(settings),
            settings.log_level,
            settings.late_usage_settling_seconds,
            _signer(settings),
            settings.checkpoint_interval_seconds,
        )
        with listener:
            address, bound_port = listener.getsockname()[:2]
            yield Supervisor(plan), f"http://{_bracketed(address)}:{bound_port}"


def listening(host: str, port: int) -> socket.socket:
    """A listening socket. Raises SettingsError where the port is taken or the address not ours."""
    from api.serve.supervisor import listen

    try:
        return listen(host, port)
    except OSError as error:
        # A name that does not resolve is told by a number below zero, of another table.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else "There is no such address"
    raise SettingsError(
        f"Cannot listen on {host}, port {port}: {reason}. Choose others with --host and --port."
    )


def check_concerns(app_url: str, *, has_live_keys: bool) -> None:
    """Refuse live keys to a database that speaks against it, warn otherwise."""
    from api.serve.concerns import concerns

    found = concerns(app_url)
    for concern in found:
        note(f"Warning: {concern}")
    if found and has_live_keys:
        note("Refused: this installation has live API keys.")
        raise typer.Exit(EXIT_REFUSED)


def offer_rebuilds(services: "Services") -> None:
    """Say which read models have a new version that has to be filled first."""
    from projections.registry import PROJECTIONS
    from projections.runtime.rebuild.earlier import raised

    with services.datastore.get_connection() as conn:
        found = raised(conn, PROJECTIONS)
    for one in found:
        note(
            f"The read model {one.name} replaces {one.before} and has {one.events} events to apply "
            "first: until then its reads answer 503, and /readyz says so. At full speed, also "
            "while the release before serves: tallybook projections rebuild "
            f"{one.name.rpartition('_v')[0]}"
        )


def _signer(settings: Settings) -> "Signer | None":
    """Who signs checkpoints; nobody where no key can be kept, which is warned of."""
    from api.audit.signing_key import NoSigningKey, signer_of

    try:
        return signer_of(settings)
    except NoSigningKey as missing:
        note(str(missing))
        return None


def _environment(settings: Settings) -> dict[str, str]:
    """This process's environment without settings: a worker is told what it needs."""
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("TALLYBOOK_")}
    if settings.crash_points is not None:
        kept[crash_points.VARIABLE] = str(settings.crash_points)
    return kept


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
