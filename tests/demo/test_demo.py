"""The demo as a person runs it, and what it does when the story goes otherwise."""

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from api.demo.story import NotAsTold, ReplayDiffers, Story
from api.demo.telling import Teller
from api.demo.wire import Given, Wire

SOURCE = Path(__file__).parents[2] / "src"
NOW = datetime(2026, 3, 17, 15, 30, tzinfo=UTC)
START, END, FINAL = 1_772_323_200, 1_775_001_600, 1_775_005_200


def run_demo(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "PYTHONPATH": str(SOURCE),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/must-not-be-used",
    }
    return subprocess.run(
        [sys.executable, "-m", "api.main", "demo", "--exit", "--data-dir", str(folder), *words],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_demo_bills_a_month_and_replays_its_invoice(folder: Path) -> None:
    ran = run_demo(folder / "my demo", "--port", "0")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert "3,000 tokens so far: US$1.20" in ran.stdout
    assert "Amount due: US$1.20" in ran.stdout
    assert "replay: equal" in ran.stdout
    assert "\x1b" not in ran.stdout

    again = run_demo(folder / "my demo", "--port", "0")
    assert again.returncode == 0, again.stderr + again.stdout
    assert "replay: equal" in again.stdout
    assert "It is there from an earlier demo" in again.stdout

    anew = run_demo(folder / "my demo", "--port", "0", "--reset")
    assert anew.returncode == 0, anew.stderr + anew.stdout
    assert "It is there from an earlier demo" not in anew.stdout
    assert "replay: equal" in anew.stdout


def test_a_folder_of_something_else_is_left_alone(folder: Path) -> None:
    (folder / "postgres").mkdir()
    for words in ((), ("--reset",)):
        ran = run_demo(folder, *words)
        assert ran.returncode == 6
        assert "not the demo's" in ran.stderr
        assert [path.name for path in folder.iterdir()] == ["postgres"]


class Answers(Wire):
    """Answers as the served ledger does, but for what a test changes."""

    def __init__(self, **changed: Mapping[str, Any]) -> None:
        super().__init__("http://127.0.0.1:1", "sk_test_never_sent")
        self._changed = changed

    def get(self, path: str, parameters: Given | None = None) -> dict[str, Any]:
        if path == "/v1/billing/meters":
            return {"data": []}
        if path.endswith("/event_summaries"):
            return {"data": [{"aggregated_value": 3000}]}
        if path == "/v1/invoices":
            return {"data": [self._invoice("draft")]}
        if path.endswith("/replay"):
            return {
                "equal": True,
                "through_position": 13,
                "events": 21,
                "digest": "ab" * 32,
                "unexplained": None,
                **self._changed.get("replay", {}),
            }
        return {"status": "ready"} if "clock" in path else self._invoice("open")

    def post(self, path: str, parameters: Given | None = None) -> dict[str, Any]:
        return {
            "id": path.rpartition("/")[2],
            "status": "active",
            "currency": "usd",
            "unit_amount": 4,
            "transform_quantity": {"divide_by": 100},
            "frozen_time": START,
            "items": {"data": [{"current_period_start": START, "current_period_end": END}]},
            "amount_due": 120,
            **self._changed.get(path.rpartition("/")[2], {}),
        }

    def _invoice(self, status: str) -> dict[str, Any]:
        line = {
            "id": "il_1",
            "description": "Hypernian tokens",
            "period": {"start": START, "end": END},
            "quantity": 3000,
            "amount": 120,
            "currency": "usd",
        }
        return {
            "id": "in_1",
            "number": "AB12-0001",
            "status": status,
            "currency": "usd",
            "amount_due": 120,
            "automatically_finalizes_at": FINAL,
            "lines": {"data": [line]},
            **self._changed.get(status, {}),
        }


def play(answers: Answers) -> str:
    told = StringIO()
    Story(answers, Teller(Console(file=told, width=120)), NOW).play()
    return told.getvalue()


def test_the_story_told_to_its_end() -> None:
    told = play(Answers())
    assert "A subscription of John's to the price" in told
    assert "Its first period: 1 March 2026 to 1 April 2026." in told
    assert "1 March 2026 to 1 April 2026, quantity 3,000: US$1.20" in told
    assert "through position 13, 21 events, SHA-256 abab" in told


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"create_preview": {"amount_due": 121}}, "upcoming invoice: 121, not 120"),
        ({"draft": {"status": "open"}}, "has ended: open, not draft"),
        ({"open": {"amount_due": 0}}, "finalized invoice: 0, not 120"),
        ({"subscriptions": {"status": "incomplete"}}, "status: incomplete, not active"),
    ],
)
def test_an_answer_that_differs_ends_the_story(
    changed: dict[str, dict[str, Any]], sentence: str
) -> None:
    with pytest.raises(NotAsTold, match=sentence):
        play(Answers(**changed))


def test_a_replay_that_differs_is_a_kind_of_its_own() -> None:
    with pytest.raises(ReplayDiffers, match="total"):
        play(Answers(replay={"equal": False, "differences": [{"part": "total"}]}))
