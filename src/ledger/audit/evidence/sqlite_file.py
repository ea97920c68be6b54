"""A pack as one SQLite file, to look around in: with Datasette, or whatever opens such files.

It is read from the pack's files, and proves nothing by itself: that is what the archive is for.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any, Final

from ledger.audit.evidence import verify
from ledger.audit.evidence.pack import Files
from ledger.audit.evidence.tables import TABLES
from ledger.kernel.clock import from_microseconds

Row = tuple[Any, ...]


def write_sqlite(contents: Files, file: Path) -> None:
    """Make a SQLite file that holds what a pack's files say. Raises verify.Bad for a pack that
    cannot be read."""
    pack = verify.Pack(contents)
    # Whoever is interrupted begins anew: nothing is to be recovered.
    with closing(sqlite3.connect(file)) as made:
        made.execute("PRAGMA journal_mode = OFF")
        made.execute("PRAGMA synchronous = OFF")
        for name, columns in TABLES.items():
            made.execute(f"CREATE TABLE {name} ({columns})")
            _fill(made, name, ROWS[name](pack))
        made.execute("CREATE INDEX events_by_stream ON events (stream, version)")
        made.execute("CREATE INDEX counted_by_event ON counted (position, ordinal)")
        made.commit()
        made.execute("VACUUM")


def _fill(made: sqlite3.Connection, name: str, rows: Iterable[Row]) -> None:
    columns = made.execute("SELECT count(*) FROM pragma_table_info(?)", (name,)).fetchone()[0]
    made.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * columns)})", rows)


def _invoice(pack: verify.Pack) -> Iterator[Row]:
    document = pack.document
    named = ("number", "customer", "subscription", "billing_reason", "currency", "livemode")
    amounts = ("subtotal", "discount_total", "tax_exclusive", "tax_inclusive", "total")
    balances = ("starting_balance", "ending_balance", "amount_due")
    content = pack.content(verify.INVOICE)
    yield (
        document["invoice"],
        *(document[name] for name in named),
        *_period(document),
        document["finalized_at"],
        document["due_date"],
        *(int(document.get(name, 0)) for name in (*amounts, *balances)),
        document["through_position"],
        document["engine_version"],
        verify.sha256(content),
        content.decode(),
    )


def _lines(pack: verify.Pack) -> Iterator[Row]:
    for number, line in enumerate(pack.document["lines"], 1):
        evidence: dict[str, Any] = line["evidence"] or {}
        yield (
            line["id"],
            pack.document["invoice"],
            number,
            *(line[name] for name in ("kind", "product", "price", "price_version", "meter")),
            line["subscription_item"],
            line.get("invoice_item"),
            *_period(line),
            line["quantity"],
            int(line["amount"]),
            evidence.get("meter_events"),
            evidence.get("digest"),
        )


def _steps(pack: verify.Pack) -> Iterator[Row]:
    names = ("model", "quantity", "unit_amount", "flat_amount", "amount", "above", "up_to")
    for line in pack.document["lines"]:
        for place, step in enumerate(line.get("steps", ()), 1):
            yield (line["id"], place, *(step[name] for name in names))


def _discounts(pack: verify.Pack) -> Iterator[Row]:
    for line in pack.document["lines"]:
        for one in line.get("discounts", ()):
            yield (line["id"], one["discount"], int(one["amount"]))


def _taxes(pack: verify.Pack) -> Iterator[Row]:
    for line in pack.document["lines"]:
        for tax in line.get("taxes", ()):
            amounts = (int(tax["amount"]), int(tax["taxable_amount"]))
            yield (line["id"], tax["tax_rate"], *amounts, tax["inclusive"], tax["reason"])


def _checkpoint(pack: verify.Pack) -> Iterator[Row]:
    size, root = pack.checkpoint
    note, key = (pack.content(name).decode() for name in (verify.CHECKPOINT, verify.KEY))
    yield (size, root.hex(), note, key.strip())


def _events(pack: verify.Pack) -> Iterator[Row]:
    size, _ = pack.checkpoint
    for event in pack.events:
        state: dict[str, Any] | None = json.loads(event["state"]) if "state" in event else None
        meta: dict[str, Any] = state["meta"] if state else {}
        yield (
            *(event[name] for name in ("position", "stream", "version", "topic")),
            *(meta.get(name) for name in ("recorded_at", "actor", "request_id")),
            event["content"],
            _json(state["data"]) if state else None,
            _json(meta) if state else None,
            size,
        )


def _usage_events(pack: verify.Pack) -> Iterator[Row]:
    size, _ = pack.checkpoint
    for usage in pack.usage:
        names = ("position", "topic", "backfill", "count", "root", "meta")
        yield (*(usage[name] for name in names), size)


def _meter_events(pack: verify.Pack) -> Iterator[Row]:
    for usage in pack.usage:
        for ordinal, (identifier, meter, customer, time, value, payload) in usage["records"]:
            moment = from_microseconds(time).isoformat()
            place = (usage["position"], ordinal)
            yield (*place, identifier, meter, customer, moment, value, _json(payload))


def _counted(pack: verify.Pack) -> Iterator[Row]:
    countings = verify.countings_of(pack)
    for position, ordinal, record in verify.uncancelled_records(pack):
        for line, counting in countings.get(record[1], ()):
            if counting.take(position, ordinal, record):
                yield (line["id"], position, ordinal)
    for line, counting in chain.from_iterable(countings.values()):
        for position, ordinal, *_ in counting.finish():
            yield (line["id"], position, ordinal)


def _proofs(pack: verify.Pack) -> Iterator[Row]:
    for place, one in enumerate(pack.proof):
        yield (None, place, one.hex())
    for usage in pack.usage:
        for place, encoded in enumerate(usage["proof"]):
            yield (usage["position"], place, verify.base64.b64decode(encoded).hex())


def _files(pack: verify.Pack) -> Iterator[Row]:
    for name, listed in sorted(pack.manifest["files"].items()):
        yield (name, listed["bytes"], listed["sha256"])


def _period(of: dict[str, Any]) -> tuple[str, str]:
    return of["period"]["start"], of["period"]["end"]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


ROWS: Final[Mapping[str, Callable[[verify.Pack], Iterator[Row]]]] = {
    "invoice": _invoice,
    "lines": _lines,
    "steps": _steps,
    "line_discounts": _discounts,
    "line_taxes": _taxes,
    "checkpoint": _checkpoint,
    "events": _events,
    "usage_events": _usage_events,
    "meter_events": _meter_events,
    "counted": _counted,
    "proofs": _proofs,
    "files": _files,
}
"""Where the rows of each table come from."""
