"""Measure Tallybook against limits that are measured in the same run.

    python3 run.py bench                      what there is
    python3 run.py bench NAME [--help] …      one benchmark, with settings of its own
    python3 run.py bench NAME NAME … [--small] [--record]
    python3 run.py bench --all [--small] [--record]

With the dependencies at hand: `PYTHONPATH=src python -m benchmarks …`. `--small` is a quick try
whose figures mean little. `--record` keeps what was measured in `benchmarks/results`, and writes
the page and the plot there anew.
"""

import argparse
import importlib
import signal
import subprocess
import sys
import time
from types import ModuleType

from benchmarks.page import write_page
from benchmarks.report import Report

BENCHMARKS = {
    "bulk": "bulk_door",
    "single": "single_events",
    "library": "library_save",
    "fresh": "read_your_write",
    "reads": "reads",
    "single-reads": "single_reads",
    "storage": "storage",
    "memory": "memory",
    "followers": "followers",
    "rating": "rating",
    "close": "close_period",
    "previews": "preview_items",
    "merkle": "merkle",
    "replay": "replay",
    "rebuild": "rebuild",
    "verify": "verify",
}
"""Each benchmark, and the module that has it: `configure(parser)`, `SMALL`, `measure(options,
report)`."""

_SHARED = ("small", "record", "all", "build")


def main(words: list[str]) -> int:
    """Run what the command line names; 1 when one of several failed."""
    if not words:
        print(__doc__)
        for name, module in BENCHMARKS.items():
            print(f"  {name:<12} {_about(_module(module))}")
        return 0
    if len(words) >= 1 and words[0] in BENCHMARKS and (words[1:2] or ["-"])[0].startswith("-"):
        return run_one(words[0], words[1:])
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *BENCHMARKS])
    _shared(parser)
    parser.add_argument("--all", action="store_true", help="every benchmark")
    options = parser.parse_args(words)
    names = list(BENCHMARKS) if options.all else options.names
    return run_several(names, small=options.small, record=options.record)


def run_several(names: list[str], *, small: bool, record: bool) -> int:
    """Each in a process of its own, one after the other; one that fails ends none of the others."""
    command = [sys.executable, "-m", "benchmarks"]
    flags = ["--small"] * small + ["--record"] * record
    begun = time.monotonic()
    ended = {name: subprocess.run([*command, name, *flags], check=False) for name in names}
    failed = [name for name, process in ended.items() if process.returncode]
    print(f"{len(names)} benchmarks in {(time.monotonic() - begun) / 60:.1f} minutes.")
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


def run_one(name: str, words: list[str]) -> int:
    """One benchmark, in this process."""
    module = _module(BENCHMARKS[name])
    parser = argparse.ArgumentParser(prog=f"run.py bench {name}", description=module.__doc__)
    _shared(parser)
    module.configure(parser)
    small = list[str](module.SMALL) if "--small" in words else []
    options = parser.parse_args([*small, *words])
    settings = {key: value for key, value in vars(options).items() if key not in _SHARED}
    report = Report(name, _about(module), settings)
    print(f"{name}: {report.about}", flush=True)
    module.measure(options, report)
    if options.record:
        written = [report.record(), *write_page(BENCHMARKS)]
        print(f"  recorded: {', '.join(path.name for path in written)}")
    return 0


def _shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--small", action="store_true", help="a quick try")
    parser.add_argument("--record", action="store_true", help="keep it in benchmarks/results")


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.{name}")


def _about(module: ModuleType) -> str:
    return (module.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def _end(_: int, __: object) -> None:
    """Being told to end unwinds what was started."""
    sys.exit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main(sys.argv[1:]))
