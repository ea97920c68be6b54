"""Files of usage: which format a name tells, and their bytes in pieces."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from api.meter_events.bulk_formats import FormatName

PIECE: Final = 256 * 1024

_ENDINGS: Final[dict[str, FormatName]] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
}


class Read(NamedTuple):
    """Bytes of a file, and how much of it is read by then."""

    data: bytes
    read: int


def format_of_file(path: Path) -> FormatName | None:
    """The format that a file's name tells, if it does."""
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    return _ENDINGS.get(Path(name).suffix)


def pieces_of(path: Path) -> Iterator[Read]:
    """The bytes of a file as they are."""
    read = 0
    with path.open("rb") as file:
        while data := file.read(PIECE):
            read += len(data)
            yield Read(data, read)
