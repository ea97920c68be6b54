"""Cuts the body of a bulk request into records as its bytes arrive.

A framing takes bytes and gives records, each with its line (or its place in an array), counted
from 1. It holds no more than one unfinished record, whose size is capped.
"""

import csv
import re
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

LONGEST_RECORD: Final = 256 * 1024
"""Bytes of one record; the largest payload that is allowed, escaped, has fewer."""

_TOKEN: Final = re.compile(rb'[{}\[\],]|"[^"\\]*+(?:\\.[^"\\]*+)*+("?)', re.DOTALL)
_OWN_COLUMNS: Final = ("event_name", "identifier", "timestamp")


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
    """One record a line (NDJSON). A line that is too long is refused by itself."""

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
            elif raw and not raw.isspace():
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
    """The elements of one JSON array."""

    line: int = 0
    _rest: bytes = b""
    _scanned: int = 0
    _depth: int = 0
    _opened: bool = False

    def feed(self, data: bytes) -> list[Cut]:
        data = self._rest + data
        start, cuts = 0, list[Cut]()
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
            raise BrokenBody("Something follows after the JSON array.")
        return []

    def _open(self, mark: int, before: bytes) -> None:
        if self._opened or mark != 0x5B or before.strip(b" \t\r\n\xef\xbb\xbf"):
            raise BrokenBody(
                "Something follows after the JSON array."
                if self._opened
                else "The body must be one JSON array of events."
            )
        self._opened = True

    def _cut(self, raw: bytes, mark: int, cuts: list[Cut]) -> None:
        if mark == 0x5D and not raw.strip():
            return  # an empty array, or nothing after the last comma
        self.line += 1
        cuts.append(Cut(self.line, raw))

    def _keep(self, data: bytes, start: int, scanned: int, cuts: list[Cut]) -> list[Cut]:
        """Hold what is unfinished; a text whose end is not here is scanned again."""
        self._rest = data[start:]
        self._scanned = scanned - start
        if len(self._rest) > LONGEST_RECORD:
            raise BrokenBody(f"Event {self.line + 1} of the array: {_too_long()}")
        return cuts


@dataclass(slots=True)
class Table:
    """Rows of CSV under a header row, given on as JSON records.

    Columns other than `event_name`, `identifier` and `timestamp` are keys of the payload; an
    empty cell is none.
    """

    _lines: Lines
    _columns: list[str]
    _open_row: bytes = b""

    @classmethod
    def empty(cls) -> "Table":
        return cls(Lines(), [])

    def feed(self, data: bytes) -> list[Cut]:
        return self._rows(self._lines.feed(data))

    def finish(self) -> list[Cut]:
        rows = self._rows(self._lines.finish())
        if self._open_row:
            raise BrokenBody("The body ends within a quoted field.")
        if not self._columns:
            raise BrokenBody("The body has no header row with the names of its columns.")
        return rows

    def _rows(self, lines: list[Cut]) -> list[Cut]:
        """Lines belong together as long as a quoted field is open."""
        rows: list[Cut] = []
        for line in lines:
            raw = self._open_row + line.raw if self._open_row else line.raw
            if raw.count(b'"') % 2:
                self._open_row = raw + b"\n"
                if len(raw) > LONGEST_RECORD:
                    raise BrokenBody(f"Line {line.line}: {_too_long()}")
                continue
            self._open_row = b""
            rows += self._row(msgspec.structs.replace(line, raw=raw))
        return rows

    def _row(self, row: Cut) -> list[Cut]:
        if row.fault:
            return [row]
        try:
            cells = next(csv.reader([row.raw.decode("utf-8-sig").rstrip("\r")], strict=True))
        except (csv.Error, UnicodeDecodeError, StopIteration) as error:
            return [msgspec.structs.replace(row, fault=f"This is no valid CSV: {error}.")]
        if not self._columns:
            self._head(cells)
            return []
        if len(cells) != len(self._columns):
            return [
                msgspec.structs.replace(
                    row, fault=f"The row has {len(cells)} cells, the header {len(self._columns)}."
                )
            ]
        filled = {name: cell for name, cell in zip(self._columns, cells, strict=True) if cell}
        own: dict[str, object] = {n: filled.pop(n) for n in _OWN_COLUMNS if n in filled}
        return [msgspec.structs.replace(row, raw=msgspec.json.encode({**own, "payload": filled}))]

    def _head(self, cells: list[str]) -> None:
        missing = [name for name in _OWN_COLUMNS if name not in cells]
        if missing:
            raise BrokenBody(f"The header row lacks the columns {', '.join(missing)}.")
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


def _too_long() -> str:
    return f"A record can have at most {LONGEST_RECORD} bytes."
