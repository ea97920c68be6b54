"""Draws cost against size as SVG: what a read takes and what an event takes up, by events held."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.report import number
from benchmarks.storage_of import KEPT

_WIDTH, _HEIGHT = 460, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 64, 44
_COLORS = ("#1f6fb2", "#c2571a", "#2e8b57", "#7a4fa3")
_STYLE = "font-family:system-ui,sans-serif;font-size:12px;fill:#222"
Point = Mapping[str, Any]
Line = list[tuple[float, float]]
"""Pairs of events held and a cost."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One diagram: lines by name over a logarithmic number of events."""

    title: str
    unit: str
    lines: Mapping[str, Line]

    def svg(self, shift: int) -> str:
        """The diagram, moved to the right."""
        sizes = sorted({x for line in self.lines.values() for x, _ in line})
        steps = _steps(max(y for line in self.lines.values() for _, y in line))
        across, up = _across(sizes), _up(steps[-1])
        drawn = [_text(_LEFT, 20, self.title, "font-weight:bold"), *self._grid(sizes, steps)]
        for place, (name, line) in enumerate(self.lines.items()):
            color = _COLORS[place % len(_COLORS)]
            spots = [(across(x), up(y)) for x, y in line]
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
            drawn.append(
                f'<polyline points="{corners}" fill="none" stroke="{color}" stroke-width="2"/>'
            )
            drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in spots]
            column, row = place % 2, place // 2
            drawn.append(_text(_LEFT + column * 195, 37 + row * 15, f"— {name}", f"fill:{color}"))
        return f'<g transform="translate({shift},0)">{"".join(drawn)}</g>'

    def _grid(self, sizes: Sequence[float], steps: Sequence[float]) -> list[str]:
        across, up = _across(sizes), _up(steps[-1])
        drawn: list[str] = []
        for step in steps:
            y = up(step)
            drawn.append(
                f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
                'stroke="#ddd"/>'
            )
            drawn.append(_text(_LEFT - 6, y + 4, number(step), "text-anchor:end"))
        for size in sizes:
            style = "text-anchor:middle"
            drawn.append(_text(across(size), _HEIGHT - _BOTTOM + 18, f"{size:,.0f}", style))
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        what = f"{self.unit}, by events held"
        return [*drawn, _text(middle, _HEIGHT - 8, what, "text-anchor:middle")]


def plot(points: Sequence[Point]) -> str:
    """The SVG of what `reads` measured at each size."""
    panels = (
        Panel("What a read takes", "milliseconds", _read_times(points)),
        Panel("What an event takes up", "bytes an event", _storage(points)),
    )
    inside = "".join(panel.svg(place * _WIDTH) for place, panel in enumerate(panels))
    width = len(panels) * _WIDTH
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" '
        f'width="{width}" height="{_HEIGHT}" role="img" aria-label="Cost against size">'
        f'<rect width="{width}" height="{_HEIGHT}" fill="#fff"/>{inside}</svg>\n'
    )


def _read_times(points: Sequence[Point]) -> dict[str, Line]:
    return {
        f"{what}, {rank}": [(p["events"], p[f"{rank}_ms"][what]) for p in points]
        for what in ("event_summaries", "create_preview")
        for rank in ("p50", "p99")
    }


def _storage(points: Sequence[Point]) -> dict[str, Line]:
    lines = {
        part: [(p["events"], p["storage"][part] / p["events"]) for p in points] for part in KEPT
    }
    apart = "single events"
    return lines | {f"{apart}, apart": [(p["events"], _each(p, apart)) for p in points]}


def _each(point: Point, part: str) -> float:
    return point["storage"][part] / point["events"]


def _across(sizes: Sequence[float]) -> Callable[[float], float]:
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])
    room = _WIDTH - _LEFT - _RIGHT - 60
    return lambda x: _LEFT + 30 + (math.log10(x) - first) / ((last - first) or 1) * room


def _up(highest: float) -> Callable[[float], float]:
    room = _HEIGHT - _TOP - _BOTTOM - 10
    return lambda y: _HEIGHT - _BOTTOM - y / highest * room


def _steps(highest: float) -> list[float]:
    """Round values from 0 to beyond the highest."""
    rough = (highest or 1) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * round_one for round_one in (1, 2, 5, 10) if power * round_one >= rough)
    return [step * n for n in range(math.ceil(highest / step) + 1)]


def _text(x: float, y: float, said: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" style="{_STYLE};{style}">{escape(said)}</text>'
