"""`python -m tests.audit.years`: live random years and prove every invoice of them.

    PYTHONPATH=src python -m tests.audit.years [--seeds N] [--first N]

The server is that of TALLYBOOK_TEST_DATABASE_URL, or one that is started for it; what is dumped is
restored on a second one, which is always started. TALLYBOOK_PG_BIN names the folder of another
PostgreSQL to start and to dump with: `TALLYBOOK_PG_BIN=/usr/lib/postgresql/15/bin` does all of it
on version 15.
"""

import argparse
import secrets
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.audit.years.proving import prove_a_year
from tests.support.postgres import another_server, server_of_a_run


def main() -> None:
    """Raises AssertionError for the first year in which something does not hold."""
    options = _options()
    seen: Counter[str] = Counter()
    with (
        server_of_a_run(secrets.token_hex(4)) as server,
        another_server(server) as elsewhere,
        tempfile.TemporaryDirectory(prefix="tallybook-years-") as folder,
    ):
        print(f"PostgreSQL {server.version()}, restored on {elsewhere.version()}", flush=True)
        for seed in range(options.first, options.first + options.seeds):
            begun = time.monotonic()
            with server.database() as database:
                seen += (done := prove_a_year(seed, database, elsewhere, Path(folder)))
            issued = ", ".join(f"{n} {of}" for of, n in sorted(done.items()) if "engine" in of)
            print(f"seed {seed}: {issued}, {time.monotonic() - begun:.0f} s", flush=True)
    for what, times in sorted(seen.items()):
        print(f"{times:>9,}  {what}")
    print("every invoice replays equal: at once, rebuilt, and restored elsewhere")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.audit.years",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many years")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
