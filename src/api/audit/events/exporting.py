"""Events as a file: JSON lines, or Parquet by pyarrow (the extra `parquet`)."""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Final, Literal, Protocol

import msgspec

from api.audit.events.objects import OpenedEvent, exported_event
from api.cli.files import whole_file
from ledger.kernel.errors import LedgerError

FileFormat = Literal["jsonl", "parquet"]

EVENTS_OF_GROUP: Final = 2_000
"""Events that are written at once."""

STANDARD_OUTPUT: Final = Path("-")
_TEXTS: Final = (
    "type",
    "stream",
    "actor",
    "request_id",
    "idempotency_key",
    "correlation_id",
    "causation_id",
)


class ParquetUnavailable(LedgerError):
    """The extra that writes Parquet is not installed."""


class EventFile(Protocol):
    """A file that is being written."""

    def write(self, events: Sequence[OpenedEvent]) -> None: ...
    def close(self) -> None: ...


class _JsonLines:
    """One document a line, the payload as it is stored."""

    def __init__(self, file: IO[bytes], *, sealed: bool) -> None:
        self._file = file
        self._sealed = sealed

    def write(self, events: Sequence[OpenedEvent]) -> None:
        lines = (msgspec.json.encode(exported_event(e, sealed=self._sealed)) for e in events)
        self._file.write(b"".join(line + b"\n" for line in lines))

    def close(self) -> None:
        self._file.flush()


class _Parquet:
    """A row an event; the payload is a column of JSON text, times are UTC in microseconds."""

    def __init__(self, file: IO[bytes], *, sealed: bool) -> None:
        try:
            self._arrow: Any = import_module("pyarrow")
            parquet: Any = import_module("pyarrow.parquet")
        except ImportError:
            raise ParquetUnavailable(
                "Parquet is written by the optional extra `parquet`, which is not installed here: "
                "pip install 'tallybook[parquet]'."
            ) from None
        self._sealed = sealed
        arrow = self._arrow
        self._schema = arrow.schema(
            [
                ("position", arrow.int64()),
                ("version", arrow.int64()),
                ("recorded_at", arrow.timestamp("us", tz="UTC")),
                *((name, arrow.string()) for name in _TEXTS),
                ("data", arrow.string()),
            ]
        )
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, events: Sequence[OpenedEvent]) -> None:
        rows = [exported_event(event, sealed=self._sealed) for event in events]
        columns: dict[str, list[Any]] = {
            name: [row[name] for row in rows] for name in ("position", "version", *_TEXTS)
        }
        columns["recorded_at"] = [datetime.fromisoformat(row["recorded_at"]) for row in rows]
        columns["data"] = [bytes(row["data"]).decode() for row in rows]
        self._writer.write_table(self._arrow.table(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


_FORMATS: Final[dict[FileFormat, Callable[..., EventFile]]] = {
    "jsonl": _JsonLines,
    "parquet": _Parquet,
}


def format_of(path: Path) -> FileFormat:
    """What a file is by its name: Parquet where it ends so, else JSON lines."""
    return "parquet" if path.suffix.lower() == ".parquet" else "jsonl"


@contextmanager
def event_file(path: Path, file_format: FileFormat, *, sealed: bool) -> Generator[EventFile]:
    """A file to write events to, which is there under its name only once it is whole.

    `-` is standard output. Raises ParquetUnavailable without the extra, OSError where it cannot be
    written.
    """
    if path == STANDARD_OUTPUT:
        written = _FORMATS[file_format](sys.stdout.buffer, sealed=sealed)
        yield written
        written.close()
        return
    with whole_file(path) as file:
        written = _FORMATS[file_format](file, sealed=sealed)
        yield written
        written.close()
