"""Data on standard output, messages on standard error, and the exit codes.

0 fine, 1 unexpected, 2 usage, 3 a verification found a difference, 4 not found, 5 no database,
6 refused, 130 interrupted.
"""

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any, Final

import typer

EXIT_DIFFERENT: Final = 3
EXIT_NOT_FOUND: Final = 4
EXIT_NO_DATABASE: Final = 5
EXIT_REFUSED: Final = 6

_VERIFY: Final = "`tallybook audit verify` says what was changed."

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
"""The option of every command that can print for programs."""


def note(message: str) -> None:
    """Tell a person something; never mixed with data."""
    typer.echo(message, err=True)


def data(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def write_line(text: str) -> None:
    """One line of data at once, for whoever reads along."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextmanager
def quiet_when_closed() -> Generator[None]:
    """End without a word when nobody reads what is printed any more (`… | head`)."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes standard output once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def explained() -> Generator[None]:
    """Say what goes wrong in one line, with the exit code of its kind."""
    import zlib

    import psycopg
    from eventsourcing.persistence import InterfaceError, OperationalError
    from msgspec import MsgspecError

    from api.database.errors import DatabaseError, FolderRefused
    from api.settings import SettingsError
    from ledger.kernel.errors import LedgerError, NotFound
    from ledger.store.migrate import MigrationError
    from projections.runtime.log import UnreadableEvent

    try:
        yield
    except NotFound as error:
        note(error.message)
        raise typer.Exit(EXIT_NOT_FOUND) from None
    except LedgerError as error:
        note(error.message)
        raise typer.Exit(EXIT_REFUSED) from None
    except (SettingsError, FolderRefused, MigrationError) as error:
        note(str(error))
        raise typer.Exit(EXIT_REFUSED) from None
    except (DatabaseError, OperationalError, InterfaceError, psycopg.OperationalError) as error:
        note(str(error))
        raise typer.Exit(EXIT_NO_DATABASE) from None
    except UnreadableEvent as error:
        note(f"The event at position {error.position} cannot be read: {error}. {_VERIFY}")
        raise typer.Exit(EXIT_DIFFERENT) from None
    except (MsgspecError, zlib.error) as error:
        note(f"An event of the log cannot be read: {error}. {_VERIFY}")
        raise typer.Exit(EXIT_DIFFERENT) from None
