#!/usr/bin/env python3
"""Checks the evidence of one invoice. Needs Python 3.9 or newer, and nothing installed.

    python3 -I -S verify.py pack.zip              the archive as it came
    python3 -I -S verify.py folder                the same, unpacked
    python3 -I -S verify.py                       the folder that this file stands in
    python3 -I -S verify.py pack.zip --key KEY    with the public key as you know it

It opens no other file, no network and no program, and writes nothing. What it checks is printed
line by line. The exit code is 0 if everything holds, 3 if anything does not (what and where is
printed), and 2 if it was called in a way that it does not understand.

A pack holds its own public key. Whoever made up a pack could have made up the key as well, so
compare it with the one that you were given before, or hand that one over with --key.
"""

from __future__ import annotations

import base64
import csv
import decimal
import hashlib
import io
import json
import re
import sys
import zipfile
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from heapq import merge
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

FORMAT = "tallybook/evidence/1"
README_SHA256 = "9f630c0c0cd79b1d0edb08efec5aa08a8ab7cf735dc5427242c6b4c1537bb968"

INVOICE, EVENTS, USAGE, PROOF = "invoice.json", "events.jsonl", "usage.jsonl", "proof.json"
CHECKPOINT, KEY, MANIFEST = "checkpoint.txt", "public_key.txt", "manifest.json"
LINES, STEPS, README, VERIFIER = "lines.csv", "steps.csv", "README.txt", "verify.py"
FILES = {INVOICE, EVENTS, USAGE, PROOF, CHECKPOINT, KEY, LINES, STEPS, README, VERIFIER}
"""What a pack consists of, beside the manifest that lists it."""

READ = FILES | {MANIFEST}

NOT_OURS = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""What programs that show folders leave in them."""

EXACT = decimal.Context(
    prec=120, traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Inexact]
)
"""Arithmetic that stops rather than round."""

DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What Python says of data that is not what it should be."""


class Bad(Exception):
    """Something does not hold: in which file, and what."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(place, what)
        self.place, self.what = place, what

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


# -- Ed25519 signatures, verified as RFC 8032 section 5.1 says -------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]
"""Extended homogeneous coordinates X, Y, Z, T with x = X/Z, y = Y/Z and x * y = T/Z."""


def add_points(p: Point, q: Point) -> Point:
    """The sum of two points of the curve."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: Point) -> Point:
    """A point added to itself so many times."""
    product: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            product = add_points(product, point)
        point = add_points(point, point)
        scalar >>= 1
    return product


def same_point(p: Point, q: Point) -> bool:
    return not ((p[0] * q[2] - q[0] * p[2]) % P or (p[1] * q[2] - q[1] * p[2]) % P)


def x_of(y: int, sign: int) -> int | None:
    """The x coordinate that goes with a y and the sign of x, None if there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def point_of(encoded: bytes) -> Point | None:
    """The point of 32 bytes, None if they encode none."""
    number = int.from_bytes(encoded, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    x = x_of(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of a key signed the message."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key, r, s = point_of(public_key), point_of(signature[:32]), signature[32:]
    scalar = int.from_bytes(s, "little")
    if key is None or r is None or BASE is None or scalar >= ORDER:
        return False
    hashed = hashlib.sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(hashed, "little") % ORDER
    return same_point(times(scalar, BASE), add_points(r, times(challenge, key)))


# -- Merkle trees of RFC 6962 ----------------------------------------------------------------------


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def rebuilt_root(
    size: int, indexes: Sequence[int], leaves: Sequence[bytes], hashes: Iterable[bytes]
) -> bytes:
    """The root of a tree of which the leaves at some indexes, which ascend, are known, and for the
    rest the roots of the largest subtrees without a known leaf, from left to right.

    Raises ValueError for an index outside of the tree, and for too many or too few hashes.
    """
    if not indexes or indexes[0] < 0 or indexes[-1] >= size:
        raise ValueError("a leaf is not in the tree")
    others = iter(hashes)

    def root(low: int, high: int, first: int, last: int) -> bytes:
        if first == last:
            return next(others)
        if high - low == 1:
            return leaves[first]
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        cut = bisect_left(indexes, middle, first, last)
        return node_hash(root(low, middle, first, cut), root(middle, high, cut, last))

    try:
        found = root(0, size, 0, len(indexes))
    except StopIteration:
        raise ValueError("the proof is too short") from None
    if next(others, None) is not None:
        raise ValueError("the proof is too long")
    return found


# -- How the ledger writes things down -------------------------------------------------------------


def plain_json(value: Any) -> bytes:
    """JSON in UTF-8 without spaces, keys in the order they come in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def manifest_json(manifest: dict[str, Any]) -> bytes:
    """The one form of a manifest."""
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True)
    return text.encode() + b"\n"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def usage_content(usage: dict[str, Any], root: str) -> str:
    """The digest of a usage event: its records by the root of their tree, the rest as it is."""
    named = ["tallybook/usage/1", usage["backfill"], usage["count"], root, usage["meta"]]
    return sha256(plain_json(named))


def event_leaf(ledger_id: int, event: dict[str, Any], content: str) -> bytes:
    """The leaf of an event in the tree of its ledger."""
    place = [event[name] for name in ("position", "stream", "version", "topic")]
    return leaf_hash(plain_json(["tallybook/event/1", ledger_id, *place, content]))


def microseconds(text: str) -> int:
    """A time of the invoice in epoch microseconds."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


def lines_csv(document: dict[str, Any]) -> bytes:
    """The lines of an invoice as a table; amounts are minor units."""
    names = ("id", "kind", "product", "price", "meter", "quantity", "amount")
    header = ("line", *names, "period_start", "period_end", "discounts", "taxes")
    rows = [
        (
            number,
            *(line[name] for name in names),
            line["period"]["start"],
            line["period"]["end"],
            sum(int(one["amount"]) for one in line.get("discounts", ())),
            sum(int(one["amount"]) for one in line.get("taxes", ())),
        )
        for number, line in enumerate(document["lines"], 1)
    ]
    return table(header, rows)


def steps_csv(document: dict[str, Any]) -> bytes:
    """How each line comes to its amount: every step as a row, in minor units."""
    names = ("model", "quantity", "unit_amount", "flat_amount", "amount", "above", "up_to")
    rows = [
        (number, place, *(step[name] for name in names))
        for number, line in enumerate(document["lines"], 1)
        for place, step in enumerate(line.get("steps", ()), 1)
    ]
    return table(("line", "step", *names), rows)


def table(header: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


# -- What a meter's events amount to ---------------------------------------------------------------

WIDTHS = {None: None, "hour": 3_600_000_000, "day": 86_400_000_000}
"""Of the events within this many microseconds only the one received last counts."""


def number_of(value: str | None) -> decimal.Decimal:
    """The value of a meter event, 0 where it has none."""
    return decimal.Decimal(value or 0)


def average(whole: decimal.Decimal, number: int) -> decimal.Decimal:
    """To 12 decimals, a half away from zero."""
    if not number:
        return decimal.Decimal(0)
    mean = Fraction(whole) / number * 10**12
    units = (2 * abs(mean.numerator) + mean.denominator) // (2 * mean.denominator)
    return decimal.Decimal(units if mean > 0 else -units).scaleb(-12, EXACT)


def total(values: Any) -> decimal.Decimal:
    result = decimal.Decimal(0)
    for value in values:
        result = EXACT.add(result, value)
    return result


class Counting:
    """What the records of a meter from `start` up to `end` amount to, taken one after the other in
    the order of the log. None of them is kept, but for one an hour or day where only that counts.
    """

    def __init__(self, meter: dict[str, Any], start: int, end: int) -> None:
        self.formula, self.start, self.end = meter["formula"], start, end
        self.text = meter["value_key"] if self.formula == "unique_count" else None
        self.width = WIDTHS[meter["event_time_window"]]
        self.latest: dict[int, tuple[Any, ...]] = {}
        self.events = 0
        self.first: int | None = None
        self.last: int | None = None
        self.digest = hashlib.sha256()
        self.sum = decimal.Decimal(0)
        self.least: decimal.Decimal | None = None
        self.most: decimal.Decimal | None = None
        self.newest: tuple[Any, ...] | None = None
        self.texts: set[str] = set()

    def take(self, position: int, ordinal: int, record: list[Any]) -> bool:
        """Take the next record; whether it counts for sure."""
        time = record[3]
        value = record[4] if self.text is None else record[5].get(self.text)
        event = (position, ordinal, time, value)
        if self.width is not None:
            first = self.start // self.width * self.width
            if first <= time < -(-self.end // self.width) * self.width:
                self.latest[time // self.width] = event
            return False
        if self.start <= time < self.end:
            self.count(event)
            return True
        return False

    def finish(self) -> list[tuple[Any, ...]]:
        """Count those of which only the end shows that they count; these."""
        chosen = sorted(self.latest.values(), key=lambda event: event[:2])
        chosen = [event for event in chosen if self.start <= event[2] < self.end]
        for event in chosen:
            self.count(event)
        self.latest.clear()
        return chosen

    def count(self, event: tuple[Any, ...]) -> None:
        position, ordinal, time, value = event
        self.events += 1
        self.first = position if self.first is None else self.first
        self.last = position
        text = value or ""
        if self.text is not None:
            self.texts.add(text)
            text = f"{len(text.encode())}:{text}"
        self.digest.update(f"{position}/{ordinal} {text}\n".encode())
        if self.formula in ("sum", "average"):
            self.sum = EXACT.add(self.sum, number_of(value))
        elif self.formula in ("min", "max"):
            number = number_of(value)
            self.least = number if self.least is None else min(self.least, number)
            self.most = number if self.most is None else max(self.most, number)
        elif self.formula == "last":
            self.newest = max(self.newest or (), (time, position, ordinal, value))

    def amount(self) -> decimal.Decimal:
        """What the formula makes of them."""
        amounts = {
            "count": decimal.Decimal(self.events),
            "unique_count": decimal.Decimal(len(self.texts)),
            "last": number_of(self.newest[3] if self.newest else None),
            "average": average(self.sum, self.events),
            "sum": self.sum,
            "max": self.most,
            "min": self.least,
        }
        return amounts[self.formula] or decimal.Decimal(0)

    def evidence(self) -> dict[str, Any]:
        """How many events, from where to where, and their digest, as an invoice states it."""
        return {
            "meter_events": self.events,
            "first_position": self.first,
            "last_position": self.last,
            "digest": self.digest.hexdigest(),
        }


# -- The pack --------------------------------------------------------------------------------------


Content = Any
"""The bytes of a file; of one that may be large, a binary file that is open, which is read again
from its start whenever that is needed."""

PIECE = 1 << 20


class Pack:
    """The files of a pack, and what they say."""

    def __init__(self, files: Mapping[str, Content], known_key: str | None = None) -> None:
        self.files, self.known_key = files, known_key
        self._read: dict[str, Any] = {}
        self._measured: dict[str, dict[str, Any]] = {}

    def content(self, name: str) -> bytes:
        if name not in self.files:
            raise Bad(name, "is missing")
        content = self.files[name]
        return content if isinstance(content, bytes) else b"".join(self.pieces(name))

    def pieces(self, name: str, lines: bool = False) -> Iterator[bytes]:
        """A file bit by bit, or line by line. Raises Bad when it is not as it was before."""
        content = self.files.get(name)
        if content is None:
            raise Bad(name, "is missing")
        file: BinaryIO = io.BytesIO(content) if isinstance(content, bytes) else content
        size, hashed = 0, hashlib.sha256()
        try:
            file.seek(0)
            while piece := file.readline() if lines else file.read(PIECE):
                size += len(piece)
                hashed.update(piece)
                yield piece
        except (EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
            raise Bad(name, f"cannot be read: {error}") from None
        found = {"bytes": size, "sha256": hashed.hexdigest()}
        if self._measured.setdefault(name, found) != found:
            raise Bad(name, "is altered while it is checked")

    def measured(self, name: str) -> dict[str, Any]:
        """How large a file is, and its SHA-256."""
        if name not in self._measured:
            for _ in self.pieces(name):
                pass
        return self._measured[name]

    def _once(self, name: str, read: Callable[[bytes], Any]) -> Any:
        """What a file says, read once. Raises Bad for one that cannot be read."""
        return self._made_once(name, lambda: read(self.content(name)))

    def _made_once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._read:
            try:
                self._read[name] = make()
            except Bad as bad:
                self._read[name] = bad
            except DAMAGE as error:
                self._read[name] = Bad(name, f"cannot be read: {error}")
        if isinstance(self._read[name], Bad):
            raise self._read[name]
        return self._read[name]

    @property
    def manifest(self) -> dict[str, Any]:
        return self._once(MANIFEST, read_manifest)

    @property
    def document(self) -> dict[str, Any]:
        return self._once(INVOICE, json.loads)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that are no usage, in the order of the log."""
        return self._once(EVENTS, read_events)

    @property
    def leaves(self) -> Leaves:
        """What the usage events come to, each of which was checked."""
        return self._made_once(USAGE, lambda: read_usage(self.pieces(USAGE, lines=True)))

    @property
    def usage(self) -> Iterator[dict[str, Any]]:
        """The usage events with the customer's own records, in the order of the log. Raises Bad
        before the first if any was altered."""
        if self.leaves.records:
            yield from json_lines(self.pieces(USAGE, lines=True))

    @property
    def proof(self) -> list[bytes]:
        """The hashes that stand for all other events of the log."""
        return self._once(PROOF, read_proof)

    @property
    def key(self) -> tuple[str, str, bytes]:
        """The public key: its name, its id in hex and its 32 bytes."""
        return self._once(KEY, read_key)

    @property
    def checkpoint(self) -> tuple[int, bytes]:
        """How many events were signed, and the root of their tree."""
        key = self.key
        return self._once(CHECKPOINT, lambda content: read_checkpoint(content, key))

    def stream(self, name: str) -> list[dict[str, Any]]:
        """What is shown of a stream's events, oldest first."""
        return [event for event in self.events if event["stream"] == name and "data" in event]

    def meter(self, name: str) -> dict[str, Any]:
        """What decides how a meter's events are counted."""
        return self.the(name, "meter.created")["data"]

    def the(self, stream: str, topic: str) -> dict[str, Any]:
        """The one event of a kind in a stream."""
        found = [one for one in self.stream(stream) if one["topic"].startswith(f"{topic}.v")]
        if len(found) != 1:
            raise Bad(EVENTS, f"{len(found)} events {topic} of {stream} instead of one")
        return found[0]


def read_manifest(content: bytes) -> dict[str, Any]:
    manifest = json.loads(content)
    if manifest_json(manifest) != content:
        raise ValueError("it is not written as manifests are")
    if set(manifest) != {"files", "format", "invoice", "ledger_id"}:
        raise ValueError("it says other things than manifests do")
    if manifest["format"] != FORMAT:
        raise ValueError(f"its format is {manifest['format']!r}, this file checks {FORMAT!r}")
    return manifest


def json_lines(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Each line of a file, in the order of the log."""
    before = 0
    for number, line in enumerate(lines, 1):
        try:
            read = json.loads(line)
            position = read["position"]
        except DAMAGE:
            raise ValueError(f"line {number} is damaged") from None
        if type(position) is not int or position <= before:
            raise ValueError(f"line {number} is not in the order of the log")
        before = position
        yield read


SHOWN = {"position", "stream", "version", "topic", "content", "state"}
WITHHELD = SHOWN - {"state"}
"""An event that speaks of another customer is represented by the digest of its content."""

OF_USAGE = {"position", "topic", "backfill", "count", "meta", "root", "records", "proof"}


def read_events(content: bytes) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for event in json_lines(io.BytesIO(content)):
        if set(event) not in (SHOWN, WITHHELD):
            raise ValueError(f"the event at {event['position']} has other fields than events have")
        if "state" in event:
            if sha256(event["state"].encode()) != event["content"]:
                raise ValueError(f"the event at {event['position']} was altered")
            event["data"] = json.loads(event["state"])["data"]
        events.append(event)
    return events


class Leaves(NamedTuple):
    """Usage events, place by place: where they stand, what they are, and the digest of what they
    hold. `records` is how many records of them are shown."""

    positions: array[int]
    topics: list[str]
    contents: list[bytes]
    records: int

    def hashes(self, ledger_id: int) -> Iterator[tuple[int, bytes]]:
        """Each position and the leaf there."""
        for position, topic, content in zip(self.positions, self.topics, self.contents):
            event = {"position": position, "stream": "usage", "version": position, "topic": topic}
            yield position, event_leaf(ledger_id, event, content.hex())


def read_usage(lines: Iterable[bytes]) -> Leaves:
    """Check the records of each usage event, of which none is kept."""
    positions, topics, contents, records = array("q"), list[str](), list[bytes](), 0
    for usage in json_lines(lines):
        if set(usage) != OF_USAGE or not usage["topic"].startswith("usage.recorded.v"):
            raise ValueError(f"the event at {usage['position']} has other fields than usage has")
        ordinals = [ordinal for ordinal, _ in usage["records"]]
        if any(later <= before for before, later in zip(ordinals, ordinals[1:])):
            raise ValueError(f"the records at {usage['position']} are not in order")
        leaves = [leaf_hash(plain_json(record)) for _, record in usage["records"]]
        proof = [base64.b64decode(one, validate=True) for one in usage["proof"]]
        if rebuilt_root(usage["count"], ordinals, leaves, proof).hex() != usage["root"]:
            raise ValueError(f"a record of the usage event at {usage['position']} was altered")
        positions.append(usage["position"])
        topics.append(sys.intern(usage["topic"]))
        contents.append(bytes.fromhex(usage_content(usage, usage["root"])))
        records += len(leaves)
    return Leaves(positions, topics, contents, records)


def read_key(content: bytes) -> tuple[str, str, bytes]:
    """A verifier key as signed notes have them: name+id+key."""
    found = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+(\S+)\n?", content.decode())
    if found is None:
        raise ValueError("it is no public key")
    name, key_id, encoded = found.groups()
    key = base64.b64decode(encoded, validate=True)
    if len(key) != 33 or key[0] != 1 or sha256(name.encode() + b"\n" + key)[:8] != key_id:
        raise ValueError("the id of the public key is not that of the key")
    return name, key_id, key[1:]


def read_checkpoint(content: bytes, key: tuple[str, str, bytes]) -> tuple[int, bytes]:
    """The signed note: origin, size and root, a blank line, signatures."""
    text, blank, signatures = content.decode().rpartition("\n\n")
    origin, size, root = text.split("\n")[:3] if blank else ("", "", "")
    name, key_id, public = key
    for line in signatures.splitlines():
        found = re.fullmatch(r"\u2014 (\S+) (\S+)", line)
        if found is None:
            raise ValueError("a line of signatures is damaged")
        signature = base64.b64decode(found.group(2), validate=True)
        if found.group(1) != name or signature[:4].hex() != key_id:
            continue
        if not is_signed(public, f"{text}\n".encode(), signature[4:]):
            raise ValueError("the signature is not that of what is signed")
        if not origin or not re.fullmatch(r"[1-9][0-9]*", size):
            raise ValueError("it does not say how many events were signed")
        return int(size), base64.b64decode(root, validate=True)
    raise ValueError(f"it is not signed with the key {name}+{key_id}")


# -- The checks, each of which says what holds -----------------------------------------------------


def check_files(pack: Pack) -> str:
    """Every file is as the manifest lists it, and there are no others."""
    listed, there = pack.manifest["files"], set(pack.files) - {MANIFEST}
    wrong = [f"{name} is missing" for name in sorted((FILES | set(listed)) - there)]
    wrong += [f"{name} is not listed in {MANIFEST}" for name in sorted(there - set(listed))]
    wrong += [f"{name} is not a part of a pack" for name in sorted(set(listed) - FILES)]
    for name in sorted(there & set(listed)):
        if listed[name] != pack.measured(name):
            wrong.append(f"{name} is not as {MANIFEST} lists it")
    if README in there and pack.measured(README)["sha256"] != README_SHA256:
        wrong.append(f"{README} is not the one that goes with this verify.py")
    if wrong:
        raise Bad("files", "; ".join(wrong))
    return f"{len(there)} files are as {MANIFEST} lists them"


def check_checkpoint(pack: Pack) -> str:
    """The checkpoint is signed with the key of the pack, which is the one that is known."""
    size, _ = pack.checkpoint
    name, key_id, _ = pack.key
    if pack.known_key is not None and read_key(pack.known_key.encode()) != pack.key:
        raise Bad(KEY, "is not the key that was given with --key")
    whose = "which is the one given" if pack.known_key else "as the pack states it"
    return f"a checkpoint of {size} events is signed with the key {name}+{key_id}, {whose}"


def check_inclusion(pack: Pack) -> str:
    """Every event, and with it every record, is in the log that was signed."""
    size, root = pack.checkpoint
    ledger_id = pack.manifest["ledger_id"]
    usage, indexes, leaves = pack.leaves, array("q"), list[bytes]()
    events = [
        (event["position"], event_leaf(ledger_id, event, event["content"])) for event in pack.events
    ]
    for position, leaf in merge(events, usage.hashes(ledger_id)):
        if indexes and indexes[-1] == position - 1:
            raise Bad(USAGE, "two events have the same position")
        indexes.append(position - 1)
        leaves.append(leaf)
    try:
        found = rebuilt_root(size, indexes, leaves, pack.proof)
    except ValueError as error:
        raise Bad(PROOF, f"{error}") from None
    if found != root:
        raise Bad(f"{EVENTS}, {USAGE} or {PROOF}", "they do not lead to what was signed")
    return (
        f"{len(events)} events, and {usage.records} meter events in {len(usage.positions)} usage "
        "events, are in the signed log"
    )


def read_proof(content: bytes) -> list[bytes]:
    proof = json.loads(content)
    if set(proof) != {"hashes"}:
        raise ValueError("it has other fields than proofs have")
    hashes = [base64.b64decode(one, validate=True) for one in proof["hashes"]]
    if any(len(one) != 32 for one in hashes):
        raise ValueError("a hash is not of 32 bytes")
    return hashes


def check_streams(pack: Pack) -> str:
    """No event of a stream is left out before the last one that is there."""
    versions: dict[str, list[int]] = {}
    for event in pack.events:
        versions.setdefault(event["stream"], []).append(event["version"])
    for stream, found in versions.items():
        if found != list(range(1, len(found) + 1)):
            raise Bad(EVENTS, f"events of {stream} are missing")
    return f"the {len(versions)} histories are without gaps"


def check_document(pack: Pack) -> str:
    """The invoice is the one that the ledger recorded when it was finalized."""
    invoice, document = pack.manifest["invoice"], pack.document
    final = pack.the(invoice, "invoice.finalized")
    if sha256(pack.content(INVOICE)) != final["data"]["document_sha256"]:
        raise Bad(INVOICE, "is not the document that was recorded when the invoice was finalized")
    draft = pack.the(invoice, "invoice.drafted")
    said = {"invoice": invoice, "customer": draft["data"]["customer"]}
    said["number"] = final["data"]["number"]
    for name, value in said.items():
        if document[name] != value:
            raise Bad(INVOICE, f"{name} is {document[name]!r} and was recorded as {value!r}")
    return f"{INVOICE} is the document recorded at position {final['position']}"


def check_number(pack: Pack) -> str:
    """The number is the next of the customer's."""
    document = pack.document
    stream = f"invoice_numbers:{document['customer']}"
    for event in pack.stream(stream):
        if event["data"]["invoice"] == document["invoice"]:
            said = (event["data"]["number"], event["data"]["sequence"])
            if said != (document["number"], event["version"]):
                raise Bad(EVENTS, f"the number at position {event['position']} is another one")
            return f"{document['number']} is invoice number {said[1]} of its customer"
    raise Bad(EVENTS, f"no event gave {document['invoice']} its number")


def check_usage(pack: Pack) -> str:
    """Quantities and evidence of metered lines follow from the customer's own records."""
    countings = countings_of(pack)
    for position, ordinal, record in uncancelled_records(pack):
        for _, counting in countings.get(record[1], ()):
            counting.take(position, ordinal, record)
    lines, events = 0, 0
    for line, counting in (one for of_meter in countings.values() for one in of_meter):
        counting.finish()
        if counting.evidence() != line["evidence"]:
            raise Bad(USAGE, f"the meter events of line {line['id']} are not those it was billed")
        quantity = counting.amount()
        if max(quantity, decimal.Decimal(0)) != decimal.Decimal(line["quantity"]):
            raise Bad(INVOICE, f"line {line['id']} bills {line['quantity']}, used is {quantity}")
        lines, events = lines + 1, events + counting.events
    return f"the quantities of {lines} metered lines follow from {events} meter events"


def countings_of(pack: Pack) -> dict[str, list[tuple[dict[str, Any], Counting]]]:
    """By meter its lines, each with what is to count its records."""
    found: dict[str, list[tuple[dict[str, Any], Counting]]] = {}
    for line in pack.document["lines"]:
        if line["kind"] == "metered":
            start, end = (microseconds(line["period"][name]) for name in ("start", "end"))
            counting = Counting(pack.meter(line["meter"]), start, end)
            found.setdefault(line["meter"], []).append((line, counting))
    return found


def uncancelled_records(pack: Pack) -> Iterator[tuple[int, int, list[Any]]]:
    """Position, ordinal and record of each that counted when the invoice was finalized."""
    document = pack.document
    through = document["through_position"]
    cancelled = {
        (event["data"]["position"], event["data"]["ordinal"])
        for event in pack.events
        if event["topic"].startswith("meter_event.cancelled.v") and event["position"] <= through
    }
    for usage in pack.usage:
        for ordinal, record in usage["records"]:
            place = (usage["position"], ordinal)
            if record[2] != document["customer"]:
                raise Bad(USAGE, f"the record {place} is another customer's")
            if usage["position"] > through:
                raise Bad(USAGE, f"the record {place} was recorded after the invoice")
            if place not in cancelled:
                yield (*place, record)


LEADING = ("minimum", "maximum", "proration", "rounding")
"""Steps that lead from one amount to another; all others multiply a quantity."""


def check_steps(pack: Pack) -> str:
    """Each line's amount is the sum of its steps, each of which is computed again."""
    document, steps = pack.document, 0
    for line in document["lines"]:
        if not line.get("steps"):
            if line["kind"] == "opening" and line["amount"] != "0":
                raise Bad(INVOICE, f"line {line['id']} names an item and has an amount")
            continue
        steps += len(line["steps"])
        reached = Fraction(0)
        for step in line["steps"]:
            reached = after_step(line, step, reached)
        if reached != int(line["amount"]):
            raise Bad(INVOICE, f"the steps of line {line['id']} come to {reached}")
        if line["kind"] == "metered" and rated_quantity(line) not in (None, line["quantity"]):
            raise Bad(INVOICE, f"the steps of line {line['id']} rate another quantity")
    if document["engine_version"] == 1:
        return "this invoice is of rating engine 1, which recorded no steps"
    return f"{steps} steps come to the amounts of their lines"


def after_step(line: dict[str, Any], step: dict[str, Any], reached: Fraction) -> Fraction:
    """What the steps up to this one come to."""
    number = {name: Fraction(step[name]) for name in ("quantity", "unit_amount", "flat_amount")}
    amount = Fraction(step["amount"])
    where = f"step {step['model']} of line {line['id']}"
    if number["quantity"] * number["unit_amount"] + number["flat_amount"] != amount:
        raise Bad(INVOICE, f"{where} is not its quantity times its price")
    if step["model"] in LEADING:
        if (Fraction(step["above"]), Fraction(step["up_to"])) != (reached, reached + amount):
            raise Bad(INVOICE, f"{where} does not lead on from the steps before it")
        if step["model"] == "rounding" and abs(amount) > Fraction(1, 2):
            raise Bad(INVOICE, f"{where} is more than a half")
    return reached + amount


def rated_quantity(line: dict[str, Any]) -> str | None:
    """The quantity that a line's steps divide up, None where it is sold in packages."""
    units = ("included", "per_unit", "graduated", "volume")
    if any(step["model"] == "package" for step in line["steps"]):
        return None
    parts = [decimal.Decimal(step["quantity"]) for step in line["steps"] if step["model"] in units]
    text = format(total(parts), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def check_prices(pack: Pack) -> str:
    """Each line was rated by the version of its price in force, at the amounts that it states."""
    document, checked = pack.document, 0
    for line in document["lines"]:
        if line["price"] is None:
            continue
        history = [
            event
            for event in pack.stream(line["price"])
            if event["position"] <= document["through_position"]
        ]
        newest = history[-1]["version"] if history else 0
        version = line["price_version"]
        if version != newest or not newest:
            raise Bad(EVENTS, f"line {line['id']} names version {version} of {line['price']}")
        check_terms(line, terms_of(history, document["currency"]))
        checked += 1
    return f"{checked} lines are rated by the prices in force"


def terms_of(history: list[dict[str, Any]], currency: str) -> dict[str, Any]:
    """The terms of a price in a currency, after its history."""
    terms = history[0]["data"]["terms"]
    if terms["currency"] == currency:
        return terms
    return history[-1]["data"]["details"]["currency_options"][currency]


def check_terms(line: dict[str, Any], terms: dict[str, Any]) -> None:
    """The steps of a line rate at amounts that its price states; given back, with another sign."""
    stated = {
        (
            abs(Fraction(tier.get("unit_amount_decimal") or 0)),
            abs(Fraction(tier.get("flat_amount_decimal") or 0)),
        )
        for tier in terms["tiers"] or [terms]
    }
    included = Fraction(0)
    for step in line.get("steps", ()):
        model, quantity = step["model"], Fraction(step["quantity"])
        at = (abs(Fraction(step["unit_amount"])), abs(Fraction(step["flat_amount"])))
        if model in ("per_unit", "package", "graduated", "volume") and at not in stated:
            raise Bad(INVOICE, f"line {line['id']} has a step that its price does not state")
        if model == "included":
            included = quantity
        if model == "package":
            sold = terms["transform_quantity"]
            whole, rest = divmod(Fraction(line["quantity"]) - included, sold["divide_by"])
            if quantity != whole + (1 if rest and sold["round"] == "up" else 0):
                raise Bad(INVOICE, f"line {line['id']} bills {quantity} packages")


def check_sums(pack: Pack) -> str:
    """Lines, discounts and taxes add up to the totals, and these to what is due."""
    document = pack.document
    lines = document["lines"]
    discounts = [one for line in lines for one in line.get("discounts", ())]
    taxes = [one for line in lines for one in line.get("taxes", ())]
    exclusive = sum(int(tax["amount"]) for tax in taxes if not tax["inclusive"])
    subtotal = sum(int(line["amount"]) for line in lines)
    off = sum(int(one["amount"]) for one in discounts)
    whole = subtotal - off + exclusive
    owed = whole + int(document["starting_balance"])
    computed = {
        "subtotal": subtotal,
        "discount_total": off,
        "tax_exclusive": exclusive,
        "tax_inclusive": sum(int(tax["amount"]) for tax in taxes if tax["inclusive"]),
        "total": whole,
        "ending_balance": min(owed, 0),
        "amount_due": max(owed, 0),
    }
    for name, amount in computed.items():
        if int(document.get(name, 0)) != amount:
            raise Bad(INVOICE, f"{name} is {document.get(name)}, computed is {amount}")
    return (
        f"{len(lines)} lines, {len(discounts)} discounts and {len(taxes)} taxes come to a total of "
        f"{whole} and {max(owed, 0)} due (minor units of {document['currency']})"
    )


def check_tables(pack: Pack) -> str:
    """The tables say what the invoice says."""
    for name, made in ((LINES, lines_csv), (STEPS, steps_csv)):
        if pack.content(name) != made(pack.document):
            raise Bad(name, f"does not say what {INVOICE} says")
    return f"{LINES} and {STEPS} say what {INVOICE} says"


CHECKS: tuple[tuple[Callable[[Pack], str], str], ...] = (
    (check_files, MANIFEST),
    (check_checkpoint, CHECKPOINT),
    (check_inclusion, PROOF),
    (check_streams, EVENTS),
    (check_document, INVOICE),
    (check_number, EVENTS),
    (check_usage, USAGE),
    (check_steps, INVOICE),
    (check_prices, EVENTS),
    (check_sums, INVOICE),
    (check_tables, LINES),
)
"""Every check, and the file that is named where what it reads makes no sense."""


# -- Running them ----------------------------------------------------------------------------------


def check(pack: Pack, say: Callable[[str], None]) -> bool:
    """Run every check, also after one that fails; whether all of them hold."""
    wrong: list[str] = []
    for run, place in CHECKS:
        try:
            say(f"ok   {run(pack)}")
        except Bad as bad:
            found = str(bad)
        except DAMAGE as error:
            found = f"{place}: it makes no sense ({type(error).__name__}: {error})"
        else:
            continue
        if found not in wrong:
            wrong.append(found)
            say(f"BAD  {found}")
    return not wrong


def read_archive(path: Path) -> dict[str, Content]:
    """The files of an archive. Raises Bad for one that is damaged."""
    files: dict[str, Content] = {}
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, *DAMAGE) as error:
        raise Bad(path.name, f"is no archive that can be read: {error}") from None
    with archive:
        for name in archive.namelist():
            if name in files:
                raise Bad(name, "is in the archive twice")
            try:
                files[name] = kept(archive.open(name), name) if name in READ else b""
            except Exception as error:  # noqa: BLE001  # every way to be damaged has its own
                raise Bad(name, f"is damaged in the archive: {error}") from None
    return files


def read_folder(path: Path) -> dict[str, Content]:
    """The files of an unpacked archive. Raises Bad for one that cannot be read."""
    files: dict[str, Content] = {}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        try:
            if file.name not in NOT_OURS and not file.is_dir():
                files[name] = kept(file.open("rb"), name) if name in READ else b""
        except OSError as error:
            raise Bad(name, f"cannot be read: {error.strerror}") from None
    return files


def kept(file: Any, name: str) -> Content:
    """What is kept of a file: its bytes, or the file itself, once it was read to its end, of the
    one that may be larger than memory."""
    if name == USAGE:
        while file.read(PIECE):
            pass
        return file
    with file:
        return file.read()


def arguments(given: list[str]) -> tuple[Path, str | None]:
    """What to check, and the key that is known. Exits with 2 and the instructions."""
    rest, key = list(given), None
    if "--key" in rest[:-1]:
        place = rest.index("--key")
        key = rest[place + 1]
        del rest[place : place + 2]
    if len(rest) > 1 or any(one.startswith("-") for one in rest):
        print(__doc__)
        raise SystemExit(0 if rest in (["-h"], ["--help"]) else 2)
    path = Path(rest[0]) if rest else Path(__file__).resolve().parent
    if not path.exists():
        print(f"{path}: there is no such file or folder", file=sys.stderr)
        raise SystemExit(2)
    if key is not None:
        try:
            read_key(key.encode())
        except DAMAGE:
            print("--key: this is no public key (name+id+key)", file=sys.stderr)
            raise SystemExit(2) from None
    return path, key


def main(given: list[str]) -> int:
    """Check what was given, and print what comes of it; the exit code."""
    output: Any = sys.stdout
    if hasattr(output, "reconfigure"):
        output.reconfigure(errors="backslashreplace")
    path, key = arguments(given)
    try:
        files = read_folder(path) if path.is_dir() else read_archive(path)
    except Bad as bad:
        print(f"BAD  {bad}")
        return 3
    pack = Pack(files, key)
    if pack.files.get(VERIFIER) != Path(__file__).read_bytes():
        print(f"note the {VERIFIER} in the pack is not the one that checks it")
    if check(pack, print):
        print(f"\nEverything holds: {pack.document['number']} ({pack.document['invoice']}).")
        return 0
    print("\nThis pack does not prove the invoice: see the lines that begin with BAD.")
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
