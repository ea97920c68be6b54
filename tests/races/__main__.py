"""`python -m tests.races`: bill the same customers from everywhere at once, and check the outcome.

    PYTHONPATH=src python -m tests.races [--seed N] [--customers N] [--actions N] [--months N]

In each month there are twice as many requests of clients as `--actions` says, from so many clients
at a time as `--clients` says, beside two schedulers and four commands of other processes. Then
`tallybook ledger check` is run. Ends with 3 if something does not hold.
"""

import argparse
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.fault_run import stage
from tests.races.billing_race import Race, Settings
from tests.races.race_checks import check
from tests.support.served import Served

_REST_SECONDS = 60


def main() -> int:
    options = _parser().parse_args()
    print(f"seed {options.seed}", flush=True)
    settings = Settings(
        options.customers, options.actions, options.months, options.clients, options.seed
    )
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tallybook-races-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user where this one is root
        with stage(Path(folder)) as (served, _, _):
            race = Race(served, served.api_key, settings)
            business = race.run()
            raced = time.monotonic() - begun
            findings = check(served, race, business)
            checked = _checked(served, Path(folder) / "data")
    print(f"raced for {raced:.0f} s; answers: {dict(sorted(business.answers.items()))}")
    print(f"{findings.invoices} invoices finalized and replayed")
    print(f"{findings.credit_notes} credit notes")
    print(f"meter events billed {findings.billed}, recorded later {findings.late}")
    print("\n".join(findings.problems) or "nothing lost, nothing doubled")
    print(checked.stdout, checked.stderr, sep="")
    return 3 if findings.problems or checked.returncode else 0


def _checked(served: Served, data_dir: Path) -> "subprocess.CompletedProcess[str]":
    """What `tallybook ledger check` says once the ledger has come to rest."""
    until = time.monotonic() + _REST_SECONDS
    while True:
        ran = served.command("ledger", "check", "--data-dir", str(data_dir))
        if ran.returncode in {0, 3} or time.monotonic() > until:
            return ran
        time.sleep(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.races",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--customers", type=int, default=20)
    parser.add_argument("--actions", type=int, default=200, help="requests at once, twice a month")
    parser.add_argument("--months", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--clients", type=int, default=50)
    return parser


if __name__ == "__main__":
    sys.exit(main())
