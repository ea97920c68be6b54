"""Sends a file of usage to the bulk door of a server, in bodies that are safe to send again."""

import gzip
import http.client
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from api.meter_events.bulk_formats import FORMATS, FormatName
from api.meter_events.bulk_framing import BrokenBody, Cut, Framing
from api.meter_events.bulk_unpacking import OF_FILES, Unpacking, unpacking_of
from api.meter_events.usage_files import pieces_of

RECORDS: Final = 5_000
BYTES: Final = 4 * 1024 * 1024
SHOWN: Final = 10
"""Refusals that a summary shows."""

_ATTEMPTS: Final = 8
_LONGEST_PAUSE: Final = 10.0
_TIMEOUT: Final = 120.0


class SendingFailed(Exception):
    """The server cannot be reached, or refuses a whole body."""


class Part(NamedTuple):
    """Records that are sent together, and how much of the file is read by then."""

    cuts: list[Cut]
    read: int


@dataclass(slots=True)
class SendSummary:
    """What became of the records of a file. `next_line` is where to go on."""

    counts: Counter[str] = field(default_factory=Counter[str])
    errors: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    next_line: int = 1
    stopped: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every record of the file stands in the ledger now."""
        return self.stopped is None and not self.counts["conflicts"] + self.counts["rejected"]

    def document(self) -> dict[str, Any]:
        """The summary as JSON."""
        names = ("accepted", "duplicates", "conflicts", "rejected")
        shown: dict[str, Any] = {name: self.counts[name] for name in names}
        return shown | {
            "errors": self.errors,
            "next_line": self.next_line,
            "stopped": self.stopped,
        }

    def refuse(self, line: int, error: dict[str, Any]) -> None:
        if len(self.errors) < SHOWN:
            self.errors.append(error | {"line": line})


def parts_of(path: Path, kind: FormatName, from_line: int = 1) -> Iterator[Part]:
    """The records of a file from a line on. Raises BrokenBody where it cannot be read on."""
    framing, waiting, size, read = FORMATS[kind].framing(), list[Cut](), 0, 0
    broken: BrokenBody | None = None
    try:
        for cuts, read in _cuts(path, framing):
            for cut in cuts:
                if cut.line >= from_line:
                    waiting.append(cut)
                    size += len(cut.raw)
                if len(waiting) >= RECORDS or size >= BYTES:
                    yield Part(waiting, read)
                    waiting, size = [], 0
    except BrokenBody as stopped:
        broken = stopped
    if waiting:
        yield Part(waiting, read)
    if broken is not None:
        raise broken


def _cuts(path: Path, framing: Framing) -> Iterator[tuple[list[Cut], int]]:
    unpacking: Unpacking | None = None
    read = 0
    for data, read in pieces_of(path):
        unpacking = unpacking or unpacking_of(None, data, OF_FILES)
        for piece in unpacking.feed(data):
            yield framing.feed(piece), read
    if unpacking is not None:
        unpacking.finish()
    yield framing.finish(), read


@dataclass(slots=True)
class UsageSending:
    """Sends records to the server at `url` with an API key. Raises SendingFailed."""

    url: str
    key: str = field(repr=False)
    kind: FormatName = "ndjson"
    summary: SendSummary = field(default_factory=SendSummary)
    pause: Callable[[float], None] = time.sleep

    def run(self, parts: Iterator[Part], progress: Callable[[int], None]) -> None:
        """Send every part; `progress` is called with the bytes of the file that are dealt with."""
        try:
            for part in parts:
                self._send(part)
                self.summary.next_line = part.cuts[-1].line + 1
                progress(part.read)
        except BrokenBody as broken:
            self.summary.stopped = str(broken)

    def _send(self, part: Part) -> None:
        whole = [cut for cut in part.cuts if cut.fault is None]
        for cut in part.cuts:
            if cut.fault is not None:
                self.summary.counts["rejected"] += 1
                self.summary.refuse(cut.line, {"code": "invalid_record", "reason": cut.fault})
        if not whole:
            return
        content_type, body = _body_of([cut.raw for cut in whole], self.kind)
        answered = self._posted(content_type, gzip.compress(body, 1))
        for name in ("accepted", "duplicates", "conflicts", "rejected"):
            self.summary.counts[name] += answered[name]
        for error in answered["errors"]:
            self.summary.refuse(whole[int(error["line"]) - 1].line, error)

    def _posted(self, content_type: str, body: bytes) -> dict[str, Any]:
        """The answer, after as many attempts as it takes while there is hope."""
        reason = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self.pause(min(0.25 * 2**attempt, _LONGEST_PAUSE))
            try:
                status, answer = self._post(content_type, body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                reason = f"{self.url} cannot be reached: {error}"
                continue
            if status == 200:
                return answer
            reason = str(answer.get("error", {}).get("message", f"HTTP {status}"))
            if status < 500 and status not in {408, 409, 429}:
                break
        raise SendingFailed(reason)

    def _post(self, content_type: str, body: bytes) -> tuple[int, dict[str, Any]]:
        server = urlsplit(self.url)
        secure = server.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(server.netloc, timeout=_TIMEOUT)
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Content-Type": content_type,
            "Content-Encoding": "gzip",
        }
        try:
            path = f"{server.path.rstrip('/')}/ingest/v1/usage"
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


def _body_of(records: list[bytes], kind: FormatName) -> tuple[str, bytes]:
    """Records of a file as one body, with its content type. All but CloudEvents go as lines."""
    if kind == "cloudevents":
        return FORMATS[kind].content_type, records[0]
    if kind == "cloudevents-batch":
        return FORMATS[kind].content_type, b"[" + b",".join(records) + b"]"
    # A line feed within a JSON record stands between its words alone.
    body = b"\n".join(record.replace(b"\n", b" ") for record in records)
    return FORMATS["ndjson"].content_type, body
