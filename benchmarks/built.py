"""Databases that take long to fill, kept in a cache folder for the next run.

A kept database is used again only by code that makes the same tables and writes the same usage;
other code replaces it with its own.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs
import psycopg

from benchmarks.installation import Installation, installed
from benchmarks.processor import processor_seconds
from benchmarks.report import Report
from projections.registry import PROJECTIONS
from projections.runtime.projection import checkpoint_name
from tests.support.served import ROOT

_COMPLETE = "built.json"
Scene = dict[str, str]
"""Ids of the objects that a filled database is asked about."""
Fill = Callable[[Installation, int], Scene]
"""Fills an installation with so many events."""


def built(report: Report, name: str, events: int, fill: Fill) -> tuple[Path, Scene]:
    """The data folder of a database with so many events, filled now or before, and its scene."""
    folder = cache_folder() / f"{name}-{events}-{_fingerprint(fill)}"
    if not (folder / _COMPLETE).exists():
        for replaced in folder.parent.glob(f"{name}-{events}-*"):
            shutil.rmtree(replaced, ignore_errors=True)
        folder.mkdir(parents=True)
        folder.chmod(0o755)  # PostgreSQL runs as another user where this one is root
        _build(report, folder, events, fill)
    return folder / "data", json.loads((folder / _COMPLETE).read_text())


def cache_folder() -> Path:
    """Where they are kept; of root in a folder that PostgreSQL's own user can reach."""
    if os.geteuid() == 0:
        return Path("/var/cache/tallybook/benchmarks")
    return platformdirs.user_cache_path("tallybook", appauthor=False) / "benchmarks"


def _build(report: Report, folder: Path, events: int, fill: Fill) -> None:
    begun = time.perf_counter()
    with installed(report, workers=1, data_dir=folder / "data") as installation:
        scene = fill(installation, events)
        written = time.perf_counter() - begun
        installation.wait_for_projector()
        projected = time.perf_counter() - begun
        with psycopg.connect(installation.owner_url, autocommit=True) as owner:
            owner.execute("VACUUM ANALYZE")
        used = processor_seconds(installation.served) | {"writer": time.process_time()}
    report.note(
        f"{events:,} events written in {written:.0f} s, read models there in {projected:.0f} s; "
        "processor: " + ", ".join(f"{role} {seconds:.0f} s" for role, seconds in used.items())
    )
    (folder / _COMPLETE).write_text(json.dumps(scene))


def _fingerprint(fill: Fill) -> str:
    made = [path.read_text() for path in sorted((ROOT / "src").rglob("migrations/*.sql"))]
    made += [checkpoint_name(projection) for projection in PROJECTIONS]
    made += [t.create_statement() for projection in PROJECTIONS for t in projection.tables]
    made += [Path(__file__).with_name("filling.py").read_text(), fill.__module__, fill.__name__]
    return hashlib.sha256("\0".join(made).encode()).hexdigest()[:12]
