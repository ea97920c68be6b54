"""Writes the page of results and its plot from what was recorded."""

import importlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.machine import lines
from benchmarks.plot import plot
from benchmarks.report import RESULTS, number

_PLOT = "cost-against-size.svg"
_HEAD = """# Results

Written by `python3 run.py bench --all --record` from the JSON files beside it. Client, server,
projector and PostgreSQL share one machine. A ratio is to a limit that was measured in the same
run, which the paragraph above each table names. Databases that `reads` and `single-reads` ask were
filled by the real write path, vacuumed, and the server started anew.
"""
_Result = Mapping[str, Any]


def write_page(benchmarks: Mapping[str, str], folder: Path = RESULTS) -> list[Path]:
    """The page, and the plot where reads were recorded; `benchmarks` says which module has each."""
    kept = {
        name: json.loads((folder / f"{name}.json").read_text())
        for name in benchmarks
        if (folder / f"{name}.json").exists()
    }
    written = [folder / "README.md"]
    if points := kept.get("reads", {}).get("points"):
        written.append(folder / _PLOT)
        written[-1].write_text(plot(points))
    parts = [_HEAD, _against_bars(kept)]
    if len(written) > 1:
        parts.append(f"## Cost against size\n\n![Cost against size]({_PLOT})\n")
    parts += [_section(name, result, benchmarks[name]) for name, result in kept.items()]
    written[0].write_text("\n".join(parts))
    return written


def _against_bars(kept: Mapping[str, _Result]) -> str:
    rows = [
        (f"{_linked(name)}: {f['name'].strip()}", _value(f), f["bar"], _verdict(f))
        for name, result in kept.items()
        for f in result["figures"]
        if "bar" in f
    ]
    return "## Figures with a bar\n\n" + _table(("what", "measured", "bar", ""), rows)


def _section(name: str, result: _Result, module: str) -> str:
    text = importlib.import_module(f"benchmarks.{module}").__doc__ or ""
    rows = [(f["name"].strip(), _value(f), f.get("bar", "")) for f in result["figures"]]
    told = ", ".join(f"{key} {value}" for key, value in result["settings"].items())
    where = "\n".join(f"- {line}" for line in [*lines(result["machine"]), told])
    return f"## {name}\n\n{text.strip()}\n\n{_table(('what', 'measured', 'bar'), rows)}\n{where}\n"


def _linked(name: str) -> str:
    return f"[{name}](#{name})"


def _value(figure: Mapping[str, Any]) -> str:
    return f"{number(figure['value'])} {figure['unit']}".strip()


def _verdict(figure: Mapping[str, Any]) -> str:
    return "passed" if figure["passed"] else "**missed**"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    every = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in every)
