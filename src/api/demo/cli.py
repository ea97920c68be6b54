"""`tallybook demo`: an embedded PostgreSQL and a served ledger of its own, and the story on it."""

import signal
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import SecretStr

from api.cli.output import EXIT_DIFFERENT, explained, note
from api.settings import Settings, load_settings
from ledger.kernel.clock import monotonic, system_now

if TYPE_CHECKING:
    from api.demo.telling import Teller
    from api.demo.wire import Wire
    from api.serve.supervisor import Supervisor

_READY_SECONDS = 60.0
_POLL_SECONDS = 0.05
_PORTS_TRIED = 50


def demo(
    stop: Annotated[bool, typer.Option("--exit", help="Stop when the story is over.")] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Start over: delete the demo's folder first.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="TCP port; the next free one if taken.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="The demo's own folder, in place of the usual one.")
    ] = None,
) -> None:
    """Play a month of usage, from the first meter to a replayed invoice, and keep serving."""
    with explained():
        settings = _own_settings(data_dir, port, reset=reset)
        with _running(settings) as (wire, url):
            from api.demo.telling import Teller

            teller = Teller()
            invoice = _play(wire, teller)
            if not stop:
                _invite(teller, settings, url, invoice)
                _wait_for_the_end()


def _own_settings(data_dir: Path | None, port: int | None, *, reset: bool) -> Settings:
    """The settings in force, but for what the demo has of its own. Raises FolderRefused."""
    from api.demo import home

    given = load_settings(port=port)
    folder = (data_dir or home.default_demo_dir()).absolute()
    if reset and home.reset(folder, pg_user=given.pg_user, pg_bin=given.pg_bin):
        note(f"Deleted {folder}.")
    if home.claim(folder):
        note("Preparing a database for the demo …")
    free = free_port("127.0.0.1", given.port)
    if free != given.port:
        note(f"Port {given.port} is taken.")
    own: dict[str, Any] = {
        "data_dir": folder,
        "database_url": None,
        "owner_database_url": None,
        "api_key": SecretStr(home.api_key(folder)),
        "host": "127.0.0.1",
        "port": free,
        "workers": 1,
        "finalization_grace_seconds": 3600,
    }
    return given.model_copy(update=own)


def free_port(host: str, first: int) -> int:
    """The first free TCP port from `first` on; 0 stays 0, which takes any."""
    for port in range(first, min(first + _PORTS_TRIED, 65536)) if first else ():
        try:
            socket.create_server((host, port)).close()
        except OSError:
            continue
        return port
    return 0


@contextmanager
def _running(settings: Settings) -> "Generator[tuple[Wire, str]]":
    """A served ledger that answers, for as long as the block runs."""
    from api.demo.home import api_key
    from api.demo.wire import Wire
    from api.serve.cli import served

    signal.signal(signal.SIGTERM, _interrupt)
    with served(settings) as (supervisor, url):
        running = threading.Thread(target=supervisor.run_until_stopped, name="supervisor")
        running.start()
        wire = Wire(url, api_key(settings.data_dir))
        try:
            _wait_until_ready(wire, supervisor)
            yield wire, url
        finally:
            wire.close()
            supervisor.stop()
            running.join()


def _wait_until_ready(wire: "Wire", supervisor: "Supervisor") -> None:
    from api.demo.wire import RequestRefused

    deadline = monotonic() + _READY_SECONDS
    while True:
        try:
            wire.get("/readyz")
        except (RequestRefused, OSError) as error:
            if monotonic() > deadline:
                running = ", ".join(sorted(supervisor.process_ids())) or "nothing"
                note(f"The server does not get ready ({running} runs): {error}")
                raise typer.Exit(1) from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _play(wire: "Wire", teller: "Teller") -> dict[str, Any]:
    from api.demo.story import NotAsTold, ReplayDiffers, Story
    from api.demo.wire import RequestRefused

    teller.heading("Hypernian bills John Doe for a month of tokens")
    try:
        return Story(wire, teller, system_now()).play()
    except ReplayDiffers as error:
        note(str(error))
        raise typer.Exit(EXIT_DIFFERENT) from None
    except (NotAsTold, RequestRefused, OSError) as error:
        note(f"The story ends here: {error}")
        raise typer.Exit(1) from None
    except LookupError as error:
        note(f"The story ends here: an answer lacks {error}.")
        raise typer.Exit(1) from None


def _invite(teller: "Teller", settings: Settings, url: str, invoice: dict[str, Any]) -> None:
    from api.demo.home import api_key

    key = api_key(settings.data_dir)
    teller.heading(f"\nServing on {url} until Ctrl-C (API reference: {url}/docs)")
    teller.remark(f"Key:   {key}")
    teller.remark(f"Next:  curl {url}/v1/invoices/{invoice['id']} -u {key}:")
    teller.remark(f"Data:  {settings.data_dir} (start over with `demo --reset`)")


def _wait_for_the_end() -> None:
    """Until Ctrl-C or SIGTERM, which end it in good order."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        note("Stopping.")


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
