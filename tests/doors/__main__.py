"""`python -m tests.doors TRACE…`: real usage through every door, compared with awk's totals.

    PYTHONPATH=src python -m tests.doors trace.csv.gz [other.csv.gz]

A trace has the columns TIMESTAMP, ContextTokens and GeneratedTokens. Each is sent through each
door to a ledger of its own, which is taken away afterwards. Ends with 0 if all totals are equal,
3 if one is not.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from api.database.embedded import Embedded
from tests.doors.real_input import Found, RealInput, Totals
from tests.support.served import serving

_AWK = "NR > 1 { input += $2; output += $3; rows++ } END { print rows, input, output }"


def awk_totals(trace: Path) -> Totals:
    """The totals of a trace as awk adds them up."""
    read = "gzip -dc" if trace.suffix == ".gz" else "cat"
    command = f'{read} "$0" | awk -F , "$1"'
    said = subprocess.run(
        ["sh", "-c", command, str(trace), _AWK], capture_output=True, text=True, check=True
    )
    return Totals(*(int(float(number)) for number in said.stdout.split()))


def _line(found: Found) -> str:
    verdict = "equal" if found.equal else f"DIFFERENT {found.wrong}"
    logged = found.logged
    return (
        f"{found.door:<12} {found.trace:<28} {2 * logged.rows:>6} events {found.seconds:>6.1f} s  "
        f"log {logged.input} + {logged.output}, summaries {found.summaries}  {verdict}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.doors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("traces", type=Path, nargs="+")
    traces: list[Path] = [trace.resolve() for trace in parser.parse_args().traces]
    for trace in traces:
        print(f"awk: {trace.name} {awk_totals(trace)}", flush=True)
    # Not below a folder that is closed to the user who runs PostgreSQL for root.
    folder = Path(tempfile.mkdtemp(prefix="tallybook-real-"))
    folder.chmod(0o755)
    different = 0
    try:
        data = str(folder / "data")
        with (
            Embedded(Path(data)) as embedded,
            serving(
                folder, embedded.app_url, "--data-dir", data, TALLYBOOK_DATA_DIR=data
            ) as served,
        ):
            for found in RealInput(served, folder, "tokens", awk_totals).through(traces):
                print(_line(found), flush=True)
                different += not found.equal
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("every total is awk's" if not different else f"FAILED: {different} differ")
    return 3 if different else 0


if __name__ == "__main__":
    sys.exit(main())
