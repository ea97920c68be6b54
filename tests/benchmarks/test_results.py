"""What benchmarks recorded becomes a page and a plot; a bar that was missed is shown as missed."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.lag import Lag
from benchmarks.machine import machine_of
from benchmarks.page import write_page
from benchmarks.plot import plot
from benchmarks.report import Bar, Report, at_least, at_most, number
from tests.support.postgres import Database

SIZES = (100_000, 1_000_000, 10_000_000)
POINTS = [
    {
        "events": events,
        "storage": dict.fromkeys(
            ("log", "keys", "rollups", "single events", "idempotency rows"), 50 * events
        ),
        "p50_ms": {"event_summaries": 2.0, "create_preview": 4.0},
        "p99_ms": {"event_summaries": 5.0, "create_preview": 9.5},
    }
    for events in SIZES
]


@pytest.mark.parametrize(
    ("bar", "reached", "missed"), [(at_least(20), 20, 19.9), (at_most(15), 15, 15.1)]
)
def test_a_bar_is_passed_from_its_own_value_on(bar: Bar, reached: float, missed: float) -> None:
    assert bar.passed(reached)
    assert not bar.passed(missed)


def test_the_page_shows_each_figure_bar_and_machine(database: Database, tmp_path: Path) -> None:
    report = Report("reads", "Reads.", {"sizes": "3"}, machine_of(database.app_url))
    report.points = POINTS
    report.add("create_preview, p99", 9.5, "ms", at_most(15))
    report.add("create_preview, ratio", 1.75, "", at_most(1.5))
    report.record(tmp_path)
    page, drawing = write_page(BENCHMARKS, tmp_path)
    text = page.read_text()
    assert "| [reads](#reads): create_preview, p99 | 9.50 ms | at most 15 | passed |" in text
    assert "| 1.75 | at most 1.50 | **missed** |" in text
    assert f"({drawing.name})" in text
    assert "fsync" in text
    kept = json.loads((tmp_path / "reads.json").read_text())
    assert kept["machine"]["postgresql"].keys() > {"server_version", "synchronous_commit"}


def test_the_plot_has_a_mark_for_each_reading_within_its_panel() -> None:
    drawn = ElementTree.fromstring(plot(POINTS))  # noqa: S314  it is our own
    width, height = float(drawn.attrib["width"]), float(drawn.attrib["height"])
    marks = list(drawn.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(marks) == len(SIZES) * (4 + 4)
    for mark in marks:
        assert 0 < float(mark.attrib["cx"]) < width
        assert 0 < float(mark.attrib["cy"]) < height
    texts = {text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {f"{size:,}" for size in SIZES} <= texts


def test_lag_is_the_age_of_the_oldest_event_not_yet_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings = iter([(0.0, 5, 5), (1.0, 9, 5), (2.0, 12, 8), (3.0, 12, 9), (4.0, 12, 12)])
    lag = Lag()
    for at, head, reached in readings:
        monkeypatch.setattr("benchmarks.lag.time.monotonic", lambda at=at: at)
        lag.note(head, reached)
    assert lag.readings == [0.0, 0.0, 1.0, 1.0, 0.0]


def test_every_benchmark_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    for name in BENCHMARKS:
        assert f"  {name} " in said


@pytest.mark.parametrize(
    ("value", "text"), [(0.2513, "0.251"), (12.345, "12.35"), (51_234.5, "51,234"), (3.0, "3")]
)
def test_numbers_have_the_digits_worth_reading(value: float, text: str) -> None:
    assert number(value) == text
