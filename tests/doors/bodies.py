"""What a client sends to each door over HTTP."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple, get_args
from urllib.parse import urlencode

from tests.doors.uses import MICROSECONDS, Use
from tests.support.packing import PACKERS

Door = Literal[
    "form",
    "v2",
    "stream",
    "ndjson",
    "json",
    "csv",
    "ndjson.gz",
    "json.zst",
    "csv.gz",
    "cloudevents",
]
"""`form` and `v2` take one meter event, `stream` up to 100, the others are bodies of the bulk
door."""

DOORS: Final[tuple[Door, ...]] = get_args(Door)
SINGLE: Final[frozenset[str]] = frozenset({"form", "v2"})
MOST_STREAMED: Final = 100

BULK = "/ingest/v1/usage"

_ENCODINGS: Final = {"gz": "gzip", "zst": "zstd"}


class Asked(NamedTuple):
    """A request; all are POST."""

    path: str
    headers: dict[str, str]
    body: bytes


def asked(door: Door, uses: Sequence[Use], key: str | None = None) -> Asked:
    """The request that reports these at a door, with an idempotency key where one is given."""
    path, kind, write = _WRITTEN[door]
    body, headers = write(uses), {"Content-Type": kind}
    encoding = _ENCODINGS.get(door.partition(".")[2])
    if encoding is not None:
        body = PACKERS[encoding](body)
        headers["Content-Encoding"] = encoding
    if key is not None:
        headers["Idempotency-Key"] = key
    return Asked(path, headers, body)


def form(uses: Sequence[Use]) -> bytes:
    (use,) = uses
    fields = {
        "event_name": use.event_name,
        "identifier": use.identifier,
        "timestamp": use.time // MICROSECONDS,
        **{f"payload[{key}]": text for key, text in use.payload.items()},
    }
    return urlencode(fields).encode()


def single(uses: Sequence[Use]) -> bytes:
    (use,) = uses
    return json.dumps(_v2_event(use)).encode()


def streamed(uses: Sequence[Use]) -> bytes:
    return json.dumps({"events": [_v2_event(use) for use in uses]}).encode()


def ndjson(uses: Sequence[Use]) -> bytes:
    return b"".join(json.dumps(_record(use)).encode() + b"\n" for use in uses)


def json_array(uses: Sequence[Use]) -> bytes:
    return json.dumps([_record(use) for use in uses]).encode()


def table(uses: Sequence[Use]) -> bytes:
    """CSV with a column for each key that any of them has."""
    keys = list(dict.fromkeys(key for use in uses for key in use.payload))
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(["event_name", "identifier", "timestamp", *keys])
    for use in uses:
        own = [use.event_name, use.identifier, use.seconds_or_rfc_3339]
        rows.writerow([*own, *(use.payload.get(key, "") for key in keys)])
    return written.getvalue().encode()


def cloud_events(uses: Sequence[Use]) -> bytes:
    return json.dumps(
        [
            {
                "specversion": "1.0",
                "id": use.identifier,
                "source": "tests",
                "type": use.event_name,
                "time": use.rfc_3339,
                "data": use.payload,
            }
            for use in uses
        ]
    ).encode()


def _v2_event(use: Use) -> dict[str, Any]:
    return {
        "event_name": use.event_name,
        "identifier": use.identifier,
        "timestamp": use.rfc_3339,
        "payload": use.payload,
    }


def _record(use: Use) -> dict[str, Any]:
    return _v2_event(use) | {"timestamp": use.seconds_or_rfc_3339}


_WRITTEN: Final[dict[str, tuple[str, str, Callable[[Sequence[Use]], bytes]]]] = {
    "form": ("/v1/billing/meter_events", "application/x-www-form-urlencoded", form),
    "v2": ("/v2/billing/meter_events", "application/json", single),
    "stream": ("/v2/billing/meter_event_stream", "application/json", streamed),
    "ndjson": (BULK, "application/x-ndjson", ndjson),
    "ndjson.gz": (BULK, "application/x-ndjson", ndjson),
    "json": (BULK, "application/json", json_array),
    "json.zst": (BULK, "application/json", json_array),
    "csv": (BULK, "text/csv", table),
    "csv.gz": (BULK, "text/csv", table),
    "cloudevents": (BULK, "application/cloudevents-batch+json", cloud_events),
}
