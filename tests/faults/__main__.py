"""`python -m tests.faults`: the long fault run, which prints its seed and what it found.

    PYTHONPATH=src python -m tests.faults [--seed N] [--kills API,PROJECTOR,SCHEDULER,POSTMASTER]
        [--places N] [--days N]

Ends with 0 if everything held and the run counts, 3 if something did not hold, 4 if the run does
not count because too few requests were of unknown outcome.
"""

import argparse
import secrets
import sys

from tests.faults.fault_run import fault_run
from tests.faults.nemesis import Kills

NEEDED = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument(
        "--kills", default="10,10,10,5", help="API, projector, scheduler, postmaster"
    )
    parser.add_argument("--places", type=int, default=3, help="kills at each named place")
    parser.add_argument("--days", type=int, default=31, help="days to bill at least")
    options = parser.parse_args()
    api, projector, scheduler, postmaster = (int(n) for n in options.kills.split(","))
    kills = Kills(api, projector, scheduler, postmaster, options.places)
    print(f"seed {options.seed}", flush=True)
    report = fault_run(
        options.seed,
        kills,
        days=options.days,
        needed=NEEDED,
        tell=lambda line: print(line, flush=True),
    )
    print("\n".join(report.lines()))
    if report.problems:
        return 3
    return 0 if report.counts else 4


if __name__ == "__main__":
    sys.exit(main())
