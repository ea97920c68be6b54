"""Plays many lives, and says how much of what there was in them."""

import sys
from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings

from tests.lives.played import Played
from tests.lives.stories import Life, lives


def main(number: int) -> None:
    """Raises AssertionError, with the life, for the first in which the two differ."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(life=lives())
    def play(life: Life) -> None:
        played = Played(life)
        played.play()
        assert played.issued() == played.expected()
        seen.update(played.accepted)
        seen["lives"] += 1
        seen["invoices"] += sum(len(invoices) for invoices in played.issued().values())

    play()
    for what, times in sorted(seen.items()):
        print(f"{times:>9,}  {what}")
    print("every invoice is that of the independent biller")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
