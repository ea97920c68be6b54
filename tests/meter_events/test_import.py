"""Files of usage: what their rows mean, and that each event counts once however it is imported."""

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from api.meter_events.import_mapping import (
    ColumnMapping,
    ValueColumn,
    fitting,
    key_pairs,
    parse_time,
    value_columns,
)
from api.meter_events.import_source import FaultyFile, Row, count_lines, format_of, rows_of
from api.meter_events.importing import ImportSummary, UsageImport
from ledger.kernel.errors import InvalidRequest
from ledger.meter_events.validation import UsageReport
from tests.meter_events.metered_ledger import MeteredLedger, at

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
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


def import_rows(
    ledger: MeteredLedger,
    rows: Iterable[Row],
    columns: ColumnMapping | None = None,
    backfill: str | None = None,
) -> ImportSummary:
    summary = ImportSummary("trace.csv")
    importing = UsageImport(
        ledger.ingestion, lambda: at(ledger.now), columns or mapping(), summary, backfill
    )
    importing.run(rows, lambda _: None)
    return summary


def counts(summary: ImportSummary) -> tuple[int, int, int, int]:
    """Accepted, duplicates, conflicts, rejected."""
    found = summary.document()
    return (found["accepted"], found["duplicate"], found["conflict"], found["rejected"])


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


def test_csv_is_read_by_its_header(tmp_path: Path) -> None:
    path = written(tmp_path, '\ufeffa;b\r\n1;"two\nlines"\r\n\r\n3\r\n', "x.csv.gz")
    assert count_lines(path) == 5
    first, second = rows_of(path, format_of(path), ";", ["b"])
    assert first == Row(3, {"a": "1", "b": "two\nlines"})
    assert (second.line, second.fault) == (5, "the line has 1 columns, the header 2")
    with pytest.raises(FaultyFile, match=r"no column c\. It has a, b"):
        list(rows_of(path, "csv", ";", ["c"]))


def test_json_numbers_keep_their_digits(tmp_path: Path) -> None:
    lines = ['{"a": 0.10, "b": 12, "c": "x", "d": null, "e": true}', "", "[1]", '{"a":', ""]
    path = written(tmp_path, "\n".join(lines), "x.ndjson")
    first, second, third = rows_of(path, format_of(path))
    assert first == Row(1, {"a": "0.10", "b": "12", "c": "x", "e": "true"})
    assert [second.line, third.line] == [3, 4]
    assert second.fault
    assert third.fault


def test_an_import_counts_each_event_once(ledger: MeteredLedger, tmp_path: Path) -> None:
    path = written(tmp_path, TRACE, "trace.csv.gz")
    first = import_rows(ledger, rows_of(path, "csv"))
    assert counts(first) == (6, 0, 0, 0)
    assert (first.lines, first.complete) == (4, True)
    head = ledger.head()
    assert counts(import_rows(ledger, rows_of(path, "csv"))) == (0, 6, 0, 0)
    assert ledger.head() == head


def test_an_import_that_was_cut_off_goes_on(
    ledger: MeteredLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.meter_events.importing.BATCH", 2)
    path = written(tmp_path, TRACE)

    def interrupted() -> Iterable[Row]:
        for row in rows_of(path, "csv"):
            if row.line == 3:
                raise KeyboardInterrupt
            yield row

    with pytest.raises(KeyboardInterrupt):
        import_rows(ledger, interrupted())
    assert counts(import_rows(ledger, rows_of(path, "csv"))) == (4, 2, 0, 0)


def test_another_file_of_the_same_name_is_a_conflict(ledger: MeteredLedger, tmp_path: Path) -> None:
    import_rows(ledger, rows_of(written(tmp_path, TRACE), "csv"))
    other = written(tmp_path, TRACE.replace("4808", "4809"))
    summary = import_rows(ledger, rows_of(other, "csv"))
    assert counts(summary) == (0, 5, 1, 0)
    assert not summary.complete
    assert summary.refusals[0].line == 2
    renamed = mapping(source="other.csv")
    assert counts(import_rows(ledger, rows_of(other, "csv"), renamed)) == (6, 0, 0, 0)


def test_usage_of_long_ago_needs_a_reason(ledger: MeteredLedger, tmp_path: Path) -> None:
    path = written(tmp_path, TRACE.replace("2026-07", "2023-11"))
    refused = import_rows(ledger, rows_of(path, "csv"))
    assert counts(refused) == (0, 0, 0, 6)
    assert "35 calendar days" in refused.refusals[0].reason
    accepted = import_rows(ledger, rows_of(path, "csv"), backfill="the old biller's records")
    assert counts(accepted) == (6, 0, 0, 0)


def test_a_bad_line_is_named_and_its_neighbours_are_recorded(
    ledger: MeteredLedger, tmp_path: Path
) -> None:
    raw = TRACE.encode().replace(b"3180", b"many").replace(b",27", b",\xff")
    summary = import_rows(ledger, rows_of(written(tmp_path, raw), "csv"))
    assert counts(summary) == (4, 0, 0, 2)
    assert [refusal.line for refusal in summary.refusals] == [3, 4]
    assert "Received many" in summary.refusals[0].reason


def cut_off(raw: bytes) -> bytes:
    return raw[:-9]


def altered(raw: bytes) -> bytes:
    return raw[:30] + bytes([raw[30] ^ 0xFF]) + raw[31:]


@pytest.mark.parametrize("damaged", [cut_off, altered])
def test_a_damaged_file_stops_the_import_and_is_named(
    ledger: MeteredLedger, tmp_path: Path, damaged: Callable[[bytes], bytes]
) -> None:
    path = written(tmp_path, TRACE, "trace.csv.gz")
    path.write_bytes(damaged(path.read_bytes()))
    summary = import_rows(ledger, rows_of(path, "csv"))
    assert summary.stopped
    assert "damaged or cut off" in summary.stopped
    assert not summary.complete
    assert summary.sentences()[-1].startswith("Stopped: ")
    assert count_lines(path) <= 4


def test_a_line_without_end_is_not_held_in_memory(tmp_path: Path) -> None:
    path = written(tmp_path, b"a\n" + b"x" * (1024 * 1024 + 1), "x.csv.gz")
    with pytest.raises(FaultyFile, match="Line 2 is longer"):
        list(rows_of(path, "csv"))


def test_a_summary_reads_well(ledger: MeteredLedger, tmp_path: Path) -> None:
    rows = list(rows_of(written(tmp_path, TRACE), "csv"))
    faulty = [Row(n, {}, "there is nothing") for n in range(5, 17)]
    summary = import_rows(ledger, [*rows, *faulty])
    sentences = summary.sentences()
    assert sentences[0] == (
        "trace.csv: 16 lines, 6 events accepted, 0 recorded before, 0 conflicts, 12 rejected"
    )
    assert sentences[1] == "  line 5: there is nothing"
    assert sentences[-1] == "  and 2 more"
    assert json.loads(json.dumps(summary.document()))["rejected"] == 12
