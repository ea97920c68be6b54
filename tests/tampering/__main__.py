"""`python -m tests.tampering`: random edits of a ledger's tables, each of which must be found.

    PYTHONPATH=src python -m tests.tampering [--edits N] [--seed N] [--verbose]

Uses the server that TALLYBOOK_TEST_DATABASE_URL names, or starts one. Ends with 0 if every edit was
found, 3 if any was not.
"""

import argparse
import os
import secrets
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from api.database.embedded import Embedded
from api.services import Services
from tests.support.postgres import PostgresServer
from tests.tampering.run import Ran, edit_and_look
from tests.tampering.scene import play

LEDGER = 1


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.tampering",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--edits", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--verbose", action="store_true", help="say each edit and what it is named")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    given = os.environ.get("TALLYBOOK_TEST_DATABASE_URL")
    if given:
        ran = _run(given, options)
    else:
        with TemporaryDirectory(prefix="tallybook-tampering-") as folder:
            user = os.environ.get("TALLYBOOK_PG_USER", "nobody")
            Path(folder).chmod(0o755)
            embedded = Embedded(Path(folder) / "postgres", pg_user=user).start()
            try:
                ran = _run(embedded.admin_url, options)
            finally:
                embedded.stop()
    print(f"{ran.edits} edits, {ran.found} found and named, {len(ran.missed)} missed")
    return 3 if ran.missed else 0


def _run(admin_url: str, options: argparse.Namespace) -> Ran:
    prefix = f"tallybook_test_{secrets.token_hex(4)}"
    with (
        PostgresServer(admin_url, prefix, secrets.token_hex(16)).prepared() as server,
        server.database() as database,
    ):
        services = Services(database.app_url, pool_size=4, follow_inline=True)
        try:
            play(services, LEDGER)
            tell = _tell if options.verbose else _tell_missed
            seed, edits = options.seed, options.edits
            return edit_and_look(services, database.owner_url, LEDGER, edits, seed, tell)
        finally:
            services.close()


def _tell(line: str) -> None:
    print(line, flush=True)


def _tell_missed(line: str) -> None:
    if line.startswith("MISSED"):
        _tell(line)


if __name__ == "__main__":
    sys.exit(main())
