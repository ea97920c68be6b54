"""Progress where there is no terminal: now and then a line, and one for where it ended."""

import pytest

from api.cli import progress
from api.cli.progress import progress_of


def test_a_goal_that_moves_does_not_flood_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_of("events") as show:
        for done in range(1, 1_000):
            show(done, done)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("events: 999 of 999, ")


def test_a_line_every_ten_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(progress, "monotonic", lambda: now)
    with progress_of("rows") as show:
        for now in range(26):
            show(now, 100)
    said = [line.split(",")[0] for line in capsys.readouterr().err.splitlines()]
    assert said == ["rows: 10 of 100", "rows: 20 of 100", "rows: 25 of 100"]


def test_nothing_is_said_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_of("rows"):
        pass
    assert capsys.readouterr().err == ""
