"""Files of usage: what their rows mean, and that each event counts once however it is imported."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import OperationalError

from api.meter_events.bulk_formats import FormatName
from api.meter_events.bulk_framing import BrokenBody, Cut
from api.meter_events.import_mapping import (
    ColumnMapping,
    Row,
    ValueColumn,
    fitting,
    key_pairs,
    parse_time,
    value_columns,
)
from api.meter_events.import_rows import rows_format
from api.meter_events.importing import ImportSummary, UsageImport
from ledger.kernel.errors import InvalidRequest
from ledger.meter_events.ingestion import Verdict
from ledger.meter_events.validation import UsageReport
from tests.meter_events.metered_ledger import MeteredLedger, at
from tests.support.packing import PACKERS

TRACE = """TIMESTAMP,ContextTokens,GeneratedTokens
2026-07-15 09:17:03.9799600,4808,10
2026-07-15 09:17:04.0319600,3180,8
2026-07-15 09:17:04.0781490,110,27
"""


def mapping(**changes: object) -> ColumnMapping:
    settings: dict[str, object] = {
        "event_name": "tokens",
        "source": "trace.csv",
        "customer_key": "stripe_customer_id",
        "value_key": "value",
        "timestamp_column": "TIMESTAMP",
        "value_columns": value_columns(["ContextTokens=input", "GeneratedTokens=output"]),
        "customer": "cus_a",
    }
    return ColumnMapping(**(settings | changes))  # type: ignore[arg-type]


def written(folder: Path, content: str | bytes, name: str = "trace.csv") -> Path:
    path = folder / name
    raw = content.encode() if isinstance(content, str) else content
    packer = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix)
    path.write_bytes(PACKERS[packer](raw) if packer else raw)
    return path


def import_file(
    ledger: MeteredLedger,
    path: Path,
    columns: ColumnMapping | None = None,
    backfill: str | None = None,
    kind: FormatName = "csv",
) -> ImportSummary:
    summary = ImportSummary("trace.csv")
    reading = rows_format(kind, columns or mapping())
    importing = UsageImport(ledger.ingestion, reading, lambda: at(ledger.now), summary, backfill)
    importing.run(path, lambda _: None)
    return summary


def rows_of(body: str | bytes, kind: FormatName = "csv", delimiter: str = ",") -> list[Cut]:
    """The records that a whole file makes."""
    raw = body.encode() if isinstance(body, str) else body
    columns = mapping(
        timestamp_column="a", value_columns=value_columns(["b"]), dimensions=key_pairs(["c"])
    )
    framing = rows_format(kind, columns, delimiter).framing()
    return framing.feed(raw) + framing.finish()


def counts(summary: ImportSummary) -> tuple[int, int, int, int]:
    """Accepted, duplicates, conflicts, rejected."""
    found = summary.document()
    return (found["accepted"], found["duplicate"], found["conflict"], found["rejected"])


def payload_of(cut: Cut) -> dict[str, str]:
    return json.loads(cut.raw)["payload"]


def test_a_row_makes_an_event_of_each_value_column() -> None:
    values = {"TIMESTAMP": "2023-11-16 18:17:03.9799600", "ContextTokens": "7"}
    first, second = mapping().reports_of(Row(17, values | {"GeneratedTokens": "2"}))
    assert first == UsageReport(
        "tokens",
        "trace.csv:17:input",
        {"stripe_customer_id": "cus_a", "value": "7", "token_type": "input"},
        1700158623979960,
    )
    assert (second.identifier, second.payload["token_type"]) == ("trace.csv:17:output", "output")


def test_columns_may_give_customer_identifier_and_dimensions() -> None:
    columns = mapping(
        value_columns=(ValueColumn("n"),),
        customer=None,
        customer_column="who",
        identifier_column="id",
        timestamp_column="at",
        dimensions=key_pairs(["region", "Model=model"]),
    )
    row = Row(2, {"at": "0", "n": "1", "who": "cus_b", "id": "x", "region": "eu", "Model": "m"})
    (report,) = columns.reports_of(row)
    assert (report.identifier, report.timestamp) == ("x", 0)
    assert report.payload == {
        "stripe_customer_id": "cus_b",
        "value": "1",
        "region": "eu",
        "model": "m",
    }


def test_an_empty_value_makes_no_event() -> None:
    row = Row(2, {"TIMESTAMP": "0", "ContextTokens": "", "GeneratedTokens": "0"})
    assert [r.identifier for r in mapping().reports_of(row)] == ["trace.csv:2:output"]


def test_an_identifier_that_would_be_too_long_is_hashed() -> None:
    assert fitting("x" * 100) == "x" * 100
    assert len(fitting("x" * 101)) == 64
    assert fitting("x" * 101) != fitting("x" * 102)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2023-11-16 18:17:03.9799600", 1700158623979960),
        ("2023-11-16T18:17:03.9799609Z", 1700158623979960),
        ("2023-11-16T20:17:03+02:00", 1700158623000000),
        ("1700158623", 1700158623000000),
        ("1700158623.5", 1700158623500000),
        ("1700158623979", 1700158623979000),
        ("1700158623979960", 1700158623979960),
        ("1700158623979960123", 1700158623979960),
    ],
)
def test_times_are_read_in_many_forms(text: str, microseconds: int) -> None:
    assert parse_time(text) == microseconds


@pytest.mark.parametrize("text", ["", "yesterday", "-1", "1e9", "2023-13-01", "9" * 40, "١٢"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_time(text)


def test_csv_is_read_by_its_header() -> None:
    first, second = rows_of('a;b;c\r\n1;"two\n\nlines";\r\n\r\n3\r\n', delimiter=";")
    assert (first.line, payload_of(first)["value"]) == (4, "two\n\nlines")
    assert (second.line, second.fault) == (6, "The row has 1 cells, the header 3.")
    with pytest.raises(BrokenBody, match=r"lacks the columns c\. It has a, b\."):
        rows_of("a,b\n1,2\n")


@pytest.mark.parametrize("kind", ["ndjson", "json"])
def test_json_numbers_keep_their_digits(kind: FormatName) -> None:
    lines = ['{"a": 7.50, "b": 0.10, "c": true}', '{"a": 1, "b": 12, "c": null}', "[1]", '{"a":1e}']
    body = "\n".join(lines) if kind == "ndjson" else f"[{','.join(lines)}]"
    first, second, third, fourth = rows_of(body, kind)
    assert json.loads(first.raw) == {
        "event_name": "tokens",
        "identifier": "trace.csv:1",
        "timestamp": "7.500000",
        "payload": {"c": "true", "stripe_customer_id": "cus_a", "value": "0.10"},
    }
    assert second.fault == "There is no column c with a plain value."
    assert [third.line, fourth.line] == [3, 4]
    assert third.fault
    assert fourth.fault


def test_an_import_counts_each_event_once(ledger: MeteredLedger, tmp_path: Path) -> None:
    path = written(tmp_path, TRACE, "trace.csv.gz")
    first = import_file(ledger, path)
    assert counts(first) == (6, 0, 0, 0)
    assert (first.tally.lines, first.complete) == (4, True)
    head = ledger.head()
    assert counts(import_file(ledger, path)) == (0, 6, 0, 0)
    assert ledger.head() == head


def test_an_import_that_was_cut_off_goes_on(
    ledger: MeteredLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.meter_events.bulk_intake.BATCH", 2)
    path = written(tmp_path, TRACE)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"110")])
    cut_off = import_file(ledger, path)
    assert counts(cut_off) == (4, 0, 0, 1)
    path.write_bytes(whole)
    assert counts(import_file(ledger, path)) == (2, 4, 0, 0)


def test_another_file_of_the_same_name_is_a_conflict(ledger: MeteredLedger, tmp_path: Path) -> None:
    import_file(ledger, written(tmp_path, TRACE))
    other = written(tmp_path, TRACE.replace("4808", "4809"))
    summary = import_file(ledger, other)
    assert counts(summary) == (0, 5, 1, 0)
    assert not summary.complete
    assert summary.tally.rejections.samples[0].line == 2
    renamed = mapping(source="other.csv")
    assert counts(import_file(ledger, other, renamed)) == (6, 0, 0, 0)


def test_usage_of_long_ago_needs_a_reason(ledger: MeteredLedger, tmp_path: Path) -> None:
    path = written(tmp_path, TRACE.replace("2026-07", "2023-11"))
    refused = import_file(ledger, path)
    assert counts(refused) == (0, 0, 0, 6)
    assert "35 calendar days" in refused.tally.rejections.samples[0].reason
    accepted = import_file(ledger, path, backfill="the old biller's records")
    assert counts(accepted) == (6, 0, 0, 0)


def test_a_bad_line_is_named_and_its_neighbours_are_recorded(
    ledger: MeteredLedger, tmp_path: Path
) -> None:
    raw = TRACE.encode().replace(b"3180", b"many").replace(b",27", b",\xff")
    summary = import_file(ledger, written(tmp_path, raw))
    assert counts(summary) == (3, 0, 0, 2)
    samples = {sample.line: sample.reason for sample in summary.tally.rejections.samples}
    assert "Received many" in samples[3]
    assert "no valid CSV" in samples[4]


def cut_off(raw: bytes) -> bytes:
    return raw[:-9]


def altered(raw: bytes) -> bytes:
    return raw[:30] + bytes([raw[30] ^ 0xFF]) + raw[31:]


@pytest.mark.parametrize("ending", ["gz", "zst"])
@pytest.mark.parametrize("damaged", [cut_off, altered])
def test_a_damaged_file_stops_the_import_and_is_named(
    ledger: MeteredLedger, tmp_path: Path, damaged: Callable[[bytes], bytes], ending: str
) -> None:
    path = written(tmp_path, TRACE, f"trace.csv.{ending}")
    path.write_bytes(damaged(path.read_bytes()))
    summary = import_file(ledger, path)
    assert summary.stopped
    assert "The compressed body" in summary.stopped
    assert not summary.complete
    assert summary.sentences()[-1].startswith("Stopped: ")


def test_a_line_without_end_is_refused_alone(ledger: MeteredLedger, tmp_path: Path) -> None:
    raw = TRACE.encode() + b"x" * (1024 * 1024) + b"\n2026-07-15 09:17:05,1,1\n"
    summary = import_file(ledger, written(tmp_path, raw, "x.csv.zst"))
    assert counts(summary) == (8, 0, 0, 1)
    assert summary.tally.rejections.samples[0].line == 5


def test_a_summary_reads_well(ledger: MeteredLedger, tmp_path: Path) -> None:
    path = written(tmp_path, TRACE + "nothing\n" * 12)
    summary = import_file(ledger, path)
    sentences = summary.sentences()
    assert sentences[0] == (
        "trace.csv: 16 lines, 6 events accepted, 0 recorded before, 0 conflicts, 12 rejected"
    )
    assert sentences[1] == "  line 5: The row has 1 cells, the header 3."
    assert sentences[-1] == "  and 2 more"
    assert json.loads(json.dumps(summary.document()))["rejected"] == 12


def test_a_lost_database_is_told_with_what_was_recorded(
    ledger: MeteredLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.meter_events.bulk_intake.BATCH", 4)
    record, calls = ledger.ingestion.record, 0

    def failing(*arguments: Any, **options: Any) -> list[Verdict]:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OperationalError("the connection is closed")
        return record(*arguments, **options)

    monkeypatch.setattr(ledger.ingestion, "record", failing)
    summary = import_file(ledger, written(tmp_path, TRACE))
    assert (counts(summary), summary.tally.lines) == ((4, 0, 0, 0), 3)
    assert summary.database_lost
    assert "The database cannot be reached" in summary.sentences()[-1]
