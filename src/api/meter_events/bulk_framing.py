"""Cuts the body of a bulk request into records as its bytes arrive.

A framing takes bytes and gives records, each with its line (or its place in an array), counted
from 1. It holds no more than one unfinished record, whose size is capped.
"""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from api.meter_events.csv_quotes import Quotes

LONGEST_RECORD: Final = 256 * 1024
"""Bytes of one record; the largest payload that is allowed, escaped, has fewer."""

# No possessive quantifiers: Python before 3.11.5 gets them wrong. Nothing here is tried again.
_TOKEN: Final = re.compile(rb'[{}\[\],]|"[^"\\]*(?:\\.[^"\\]*)*("?)', re.DOTALL)
_REST_OF_TEXT: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*("?)', re.DOTALL)
_OWN_COLUMNS: Final = ("event_name", "identifier", "timestamp")
_SHOWN: Final = 300


class BrokenBody(Exception):
    """The body cannot be read on. What came before stays as it was dealt with."""


class Cut(msgspec.Struct, frozen=True, gc=False):
    """A record as it was cut out of the body; `fault` says why it cannot be one."""

    line: int
    raw: bytes
    fault: str | None = None


class Framing(Protocol):
    """Cuts a body into records. Both calls raise BrokenBody where it cannot go on."""

    def feed(self, data: bytes) -> list[Cut]:
        """The records that are complete with these bytes."""
        ...

    def finish(self) -> list[Cut]:
        """The records that are complete as nothing follows."""
        ...


@dataclass(slots=True)
class Lines:
    """One record a line (NDJSON). A line that is too long is refused by itself, one without
    anything is none unless `blank` ones are asked for."""

    blank: bool = False
    line: int = 0
    _rest: bytes = b""
    _skipping: bool = False

    def feed(self, data: bytes) -> list[Cut]:
        *complete, rest = (self._rest + data).split(b"\n") if self._rest else data.split(b"\n")
        cuts: list[Cut] = []
        for raw in complete:
            self.line += 1
            if self._skipping or len(raw) > LONGEST_RECORD:
                self._skipping = False
                cuts.append(Cut(self.line, b"", _too_long()))
            elif self.blank or (raw and not raw.isspace()):
                cuts.append(Cut(self.line, raw))
        if len(rest) > LONGEST_RECORD:
            self._skipping, rest = True, b""
        self._rest = rest
        return cuts

    def finish(self) -> list[Cut]:
        """The last line need not end with a line feed."""
        return self.feed(b"\n") if self._rest or self._skipping else []


@dataclass(slots=True)
class Elements:
    """The elements of one JSON array. One that is too long is refused by itself."""

    line: int = 0
    _rest: bytes = b""
    _scanned: int = 0
    _depth: int = 0
    _opened: bool = False
    _skipping: bool = False
    _in_text: bool = False
    """Whether the text is skipped whose beginning is not held any more."""

    def feed(self, data: bytes) -> list[Cut]:
        data = self._rest + data
        start, cuts = 0, list[Cut]()
        if self._in_text:
            text = _REST_OF_TEXT.match(data)
            if text is None or not text[1]:
                self._rest = data[text.end() :] if text else data
                return cuts
            self._in_text, self._scanned = False, text.end()
        for token in _TOKEN.finditer(data, self._scanned):
            mark = data[token.start()]
            if mark == 0x22:  # a text, whose end may not be here yet
                if not token[1]:
                    return self._keep(data, start, token.start(), cuts)
                continue
            if self._depth == 0:
                self._open(mark, data[start : token.start()])
                start = token.end()
            elif self._depth == 1 and mark in b",]":
                self._cut(data[start : token.start()], mark, cuts)
                start = token.end()
            if mark in b"[{":
                self._depth += 1
            elif mark in b"]}":
                self._depth -= 1
        return self._keep(data, start, len(data), cuts)

    def finish(self) -> list[Cut]:
        if self._depth or not self._opened:
            raise BrokenBody("The body ends before its JSON array does.")
        if self._rest.strip():
            raise self._misplaced()
        return []

    def _open(self, mark: int, before: bytes) -> None:
        if self._opened or mark != 0x5B or before.strip():
            raise self._misplaced()
        self._opened = True

    def _misplaced(self) -> BrokenBody:
        if self._opened:
            return BrokenBody("Something follows after the JSON array.")
        return BrokenBody("The body must be one JSON array of events.")

    def _cut(self, raw: bytes, mark: int, cuts: list[Cut]) -> None:
        if mark == 0x5D and not raw.strip() and not self._skipping:
            return  # an empty array, or nothing after the last comma
        self.line += 1
        too_long = self._skipping or len(raw) > LONGEST_RECORD
        cuts.append(Cut(self.line, b"", _too_long()) if too_long else Cut(self.line, raw))
        self._skipping = False

    def _keep(self, data: bytes, start: int, scanned: int, cuts: list[Cut]) -> list[Cut]:
        """Hold what is unfinished; a text whose end is not here is scanned again."""
        self._rest = data[start:]
        self._scanned = scanned - start
        if len(self._rest) > LONGEST_RECORD or self._skipping:
            self._skip(data[scanned:])
        return cuts

    def _skip(self, text: bytes) -> None:
        """Hold nothing of a record that is too long, but where its unfinished text goes on."""
        if not self._depth:
            raise self._misplaced()
        self._skipping, self._in_text = True, bool(text)
        begun = _REST_OF_TEXT.match(text, 1)
        self._rest, self._scanned = text[begun.end() :] if begun else b"", 0


@dataclass(slots=True)
class Table:
    """Rows of CSV under a header row, given on as JSON records that `record` makes of the cells
    by column."""

    record: Callable[[dict[str, str]], bytes]
    needed: Sequence[str]
    delimiter: str = ","
    _quotes: Quotes = field(init=False)
    _lines: Lines = field(default_factory=lambda: Lines(blank=True))
    _columns: list[str] = field(default_factory=list[str])
    _open: list[Cut] = field(default_factory=list[Cut])
    _open_bytes: int = 0

    def __post_init__(self) -> None:
        self._quotes = Quotes(self.delimiter.encode())

    @classmethod
    def of_records(cls) -> "Table":
        """A table in which columns other than `event_name`, `identifier` and `timestamp` are keys
        of the payload; an empty cell is none."""
        return cls(_own_record, _OWN_COLUMNS)

    def feed(self, data: bytes) -> list[Cut]:
        return self._rows(self._lines.feed(data))

    def finish(self) -> list[Cut]:
        rows = self._rows(self._lines.finish())
        if self._open:
            first = self._open[0].line
            raise BrokenBody(
                f"The body ends within a quoted field of the row that begins on line {first}."
            )
        if not self._columns:
            raise BrokenBody("The body has no header row with the names of its columns.")
        return rows

    def _rows(self, lines: list[Cut]) -> list[Cut]:
        """Lines belong together as long as a quoted field is open."""
        rows: list[Cut] = []
        for line in lines:
            if self._quotes.leave_open(line.raw, within=bool(self._open)):
                self._open.append(line)
                self._open_bytes += len(line.raw) + 1
                if line.fault or self._open_bytes > LONGEST_RECORD:
                    raise BrokenBody(f"The row from line {self._open[0].line}: {_too_long()}")
                continue
            if self._open:
                raw = b"\n".join([*(cut.raw for cut in self._open), line.raw])
                rows += self._row(replace(line, raw=raw))
                self._open, self._open_bytes = [], 0
            elif line.fault or line.raw.strip():
                rows += self._row(line)
        return rows

    def _row(self, row: Cut) -> list[Cut]:
        if row.fault:
            return [row]
        try:
            text = row.raw.decode().rstrip("\r")
            cells = next(csv.reader([text], delimiter=self.delimiter, strict=True))
        except (csv.Error, UnicodeDecodeError, StopIteration) as error:
            return [replace(row, fault=f"This is no valid CSV: {error}.")]
        if not self._columns:
            self._head(cells)
            return []
        if len(cells) != len(self._columns):
            return [
                replace(
                    row, fault=f"The row has {len(cells)} cells, the header {len(self._columns)}."
                )
            ]
        return [replace(row, raw=self.record(dict(zip(self._columns, cells, strict=True))))]

    def _head(self, cells: list[str]) -> None:
        missing = [name for name in self.needed if name not in cells]
        if missing:
            has = ", ".join(cells)[:_SHOWN]
            raise BrokenBody(
                f"The header row lacks the columns {', '.join(missing)}. It has {has}."
            )
        if len(set(cells)) < len(cells):
            raise BrokenBody("The header row names a column twice.")
        self._columns = cells


@dataclass(slots=True)
class Whole:
    """The body is one record."""

    _rest: bytes = b""

    def feed(self, data: bytes) -> list[Cut]:
        self._rest += data
        if len(self._rest) > LONGEST_RECORD:
            raise BrokenBody(_too_long())
        return []

    def finish(self) -> list[Cut]:
        return [Cut(1, self._rest)]


def _own_record(cells: dict[str, str]) -> bytes:
    filled = {name: cell for name, cell in cells.items() if cell}
    own: dict[str, object] = {n: filled.pop(n) for n in _OWN_COLUMNS if n in filled}
    return msgspec.json.encode({**own, "payload": filled})


def _too_long() -> str:
    return f"A record can have at most {LONGEST_RECORD} bytes."
