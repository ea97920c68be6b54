"""Files that commands write."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import typer

from api.cli.output import EXIT_REFUSED, note


@contextmanager
def whole_file(path: Path) -> Generator[IO[bytes]]:
    """A file to write to, which is there under its name only once it is whole.

    What stood there stays until then, also when the disk is full or the command is interrupted. A
    link is followed; a device or a pipe is written to as it is. Raises OSError.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            partial.chmod(target.stat().st_mode)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def written_file(path: Path) -> Generator[IO[bytes]]:
    """The same for a command: where the file cannot be written, it says so and ends refused."""
    try:
        with whole_file(path) as file:
            yield file
    except OSError as error:
        note(f"{path} cannot be written: {error.strerror or error}.")
        raise typer.Exit(EXIT_REFUSED) from None
