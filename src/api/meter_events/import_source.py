"""Rows of a usage file: CSV or NDJSON, plain or gzip, read as a stream.

Nothing is held but the line at hand, whose length is capped. Every value is text as it stands in
the file: a JSON number keeps its digits and never becomes a binary float.
"""

import csv
import gzip
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, NamedTuple, cast

import msgspec

Format = Literal["csv", "ndjson"]

LONGEST_LINE: Final = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_NDJSON_ENDINGS = (".ndjson", ".jsonl")
_COUNTED_AT_ONCE = 1024 * 1024


class FaultyFile(Exception):
    """The file cannot be read on; what came before was dealt with."""


class Row(NamedTuple):
    """A row's values by column, and the line it ends on, counted from 1.

    `fault` says why the row cannot be used.
    """

    line: int
    values: Mapping[str, str]
    fault: str | None = None


def format_of(path: Path) -> Format:
    """The format that a file's name tells."""
    name = path.name.removesuffix(".gz")
    return "ndjson" if name.endswith(_NDJSON_ENDINGS) else "csv"


def count_lines(path: Path) -> int:
    """How many lines a file has, for a progress bar; what can be counted of a broken one."""
    lines = 0
    try:
        with _opened(path) as stream:
            while chunk := stream.read(_COUNTED_AT_ONCE):
                lines += chunk.count(b"\n")
    except (EOFError, gzip.BadGzipFile, zlib.error):
        pass
    return lines


def rows_of(
    path: Path, kind: Format, delimiter: str = ",", needed: Sequence[str] = ()
) -> Generator[Row]:
    """Every row in order. Raises FaultyFile where it cannot go on, and for a CSV file without a
    column that is needed."""
    with _opened(path) as stream:
        lines = _lines(stream)
        if kind == "csv":
            yield from _csv_rows(lines, delimiter, needed)
        else:
            yield from _json_rows(lines)


@contextmanager
def _opened(path: Path) -> Generator[BinaryIO]:
    with path.open("rb") as raw:
        magic = raw.read(2)
        raw.seek(0)
        if magic != _GZIP_MAGIC:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield cast("BinaryIO", unpacked)


def _lines(stream: BinaryIO) -> Generator[str]:
    """Lines as text. Bytes that are no UTF-8 become lone surrogates, which no event may hold."""
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(LONGEST_LINE + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FaultyFile(
                f"The compressed data is damaged or cut off after line {number - 1}: {error}"
            ) from None
        if not line:
            return
        if len(line) > LONGEST_LINE:
            raise FaultyFile(f"Line {number} is longer than {LONGEST_LINE} bytes.")
        encoding = "utf-8-sig" if number == 1 else "utf-8"
        yield line.decode(encoding, errors="surrogateescape")


def _csv_rows(lines: Iterator[str], delimiter: str, needed: Sequence[str]) -> Generator[Row]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header = _next_record(reader)
    if header is None or isinstance(header, csv.Error):
        raise FaultyFile("The file has no header line with the names of its columns.")
    for column in needed:
        if column not in header:
            raise FaultyFile(f"The file has no column {column}. It has {', '.join(header)}.")
    while (record := _next_record(reader)) is not None:
        if isinstance(record, csv.Error):
            yield Row(reader.line_num, {}, f"this is no valid CSV: {record}")
        elif len(record) == len(header):
            yield Row(reader.line_num, dict(zip(header, record, strict=True)))
        elif record:
            fault = f"the line has {len(record)} columns, the header {len(header)}"
            yield Row(reader.line_num, {}, fault)


def _next_record(reader: Iterator[list[str]]) -> list[str] | csv.Error | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        return error


def _json_rows(lines: Iterator[str]) -> Generator[Row]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values: Any = _decoder.decode(line.encode("utf-8", "surrogateescape"))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            yield Row(number, {}, f"this is no valid JSON object: {error}")
            continue
        texts = {key: _text(value) for key, value in values.items()}
        yield Row(number, {key: text for key, text in texts.items() if text is not None})


def _text(value: object) -> str | None:
    """A plain value as text, None for anything else."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if abs(value) < 10**40 else None
        case _Number():
            return value.text
        case _:
            return None


class _Number(NamedTuple):
    """A JSON number that is no integer, as it was written."""

    text: str


_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=_Number)
