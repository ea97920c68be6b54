"""`python -m tests.lives [NUMBER] [--on-postgresql]`: plays many lives, and says what was in them.

On PostgreSQL every invoice is also replayed from the log and proved by its evidence, and `tallybook
ledger check` is asked after each life. The server is that of TALLYBOOK_TEST_DATABASE_URL, or one
that is started for it.
"""

import argparse
import secrets
from collections import Counter
from contextlib import ExitStack

from hypothesis import HealthCheck, Phase, given, settings

from tests.lives.played import played_in_memory
from tests.lives.stored import ledgers_on_postgresql
from tests.lives.stories import Life, lives
from tests.support.postgres import server_of_a_run


def main() -> None:
    """Raises AssertionError, with the life, for the first in which the two differ."""
    options = _options()
    seen: Counter[str] = Counter()
    with ExitStack() as stack:
        stored = None
        if options.on_postgresql:
            server = stack.enter_context(server_of_a_run(secrets.token_hex(4)))
            database = stack.enter_context(server.database())
            stored = stack.enter_context(ledgers_on_postgresql(database))

        @settings(
            max_examples=options.number,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=[HealthCheck.too_slow],
        )
        @given(life=lives())
        def play(life: Life) -> None:
            seen.update((stored.play(life) if stored else played_in_memory(life)).counted())

        play()
    for what, times in sorted(seen.items()):
        print(f"{times:>9,}  {what}")
    if options.on_postgresql:
        print("every invoice replays equal and is proved, and every identity of the ledger reads 0")
    print("every invoice is that of the independent biller")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lives",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("number", type=int, nargs="?", default=2_000)
    parser.add_argument("--on-postgresql", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
