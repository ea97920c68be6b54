"""What a benchmark says: its figures, the bars they are held against, and where it ran."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure has to reach."""

    side: Literal["at least", "at most"]
    value: float

    def passed(self, value: float) -> bool:
        return value >= self.value if self.side == "at least" else value <= self.value

    def __str__(self) -> str:
        return f"{self.side} {number(self.value)}"


def at_least(value: float) -> Bar:
    return Bar("at least", value)


def at_most(value: float) -> Bar:
    return Bar("at most", value)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `bar` where the project has set itself one."""

    name: str
    value: float
    unit: str
    bar: Bar | None = None

    def line(self) -> str:
        """The figure as a line of text."""
        verdict = ""
        if self.bar is not None:
            verdict = (
                f"  (bar: {self.bar}; {'passed' if self.bar.passed(self.value) else 'MISSED'})"
            )
        return f"{self.name:<46}{number(self.value):>10} {self.unit}{verdict}"

    def as_json(self) -> dict[str, Any]:
        said = {"name": self.name, "value": round(self.value, 6), "unit": self.unit}
        if self.bar is None:
            return said
        return said | {"bar": str(self.bar), "passed": self.bar.passed(self.value)}


@dataclass(slots=True)
class Report:
    """The figures of one run, printed as they come."""

    benchmark: str
    about: str
    settings: Mapping[str, Any]
    """What the run was told: sizes, clients, workers."""
    machine: dict[str, Any] = field(default_factory=dict[str, Any])
    figures: list[Figure] = field(default_factory=list[Figure])
    points: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Measurements at several sizes, for a plot."""

    def note(self, text: str) -> None:
        """Say what goes on."""
        print(f"  {text}", flush=True)

    def add(self, name: str, value: float, unit: str = "", bar: Bar | None = None) -> None:
        """Take a figure down and print it."""
        figure = Figure(name, value, unit, bar)
        self.figures.append(figure)
        print(f"  {figure.line()}", flush=True)

    def record(self, folder: Path = RESULTS) -> Path:
        """Keep the run as JSON."""
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.benchmark}.json"
        kept = {
            "benchmark": self.benchmark,
            "about": self.about,
            "machine": self.machine,
            "settings": dict(self.settings),
            "figures": [figure.as_json() for figure in self.figures],
            "points": self.points,
        }
        path.write_text(json.dumps(kept, indent=1, default=str) + "\n")
        return path


def number(value: float) -> str:
    """A value with as many digits as are worth reading."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.3f}" if abs(value) < 1 else f"{value:,.2f}"
