"""Which ledgers have events to apply, without asking about every ledger each time.

Ledgers that somebody rang for, and those that moved within the last seconds, are compared with
their checkpoints at every look. Of all the others only the sum of their heads is read: positions
only grow, so an equal sum means that none has moved. That is done as often as takes a fiftieth of
the time, and finds what nobody rang for here: rings get lost, and do not cross machines. Nothing
rests on what is remembered for long: at the first look, and about once a minute, every ledger is
compared with its checkpoints.
"""

from collections.abc import Collection

from ledger.kernel.clock import monotonic
from projections.runtime.checkpoints import Checkpoints, Standing

_MOST_NEAR = 256
_NEAR_SECONDS = 5.0
_SHARE_OF_SUMS = 1 / 50
_SHARE_OF_COMPARISONS = 1 / 500
_COMPARED_EVERY_SECONDS = 60.0


class Lookout:
    """What one follower knows of the ledgers of a database."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self._reached: dict[int, int] = {}
        self._near: dict[int, float] = {}
        self._sum_at = 0.0
        self._compare_at = 0.0

    def moved(self, rung: Collection[int] = ()) -> list[int]:
        """Ledgers that some projection has not caught up with: of those `rung` for and those that
        moved lately, and from time to time of all."""
        began = monotonic()
        self._keep_near(rung, began)
        if began >= self._compare_at:
            moved = self._compare(None)
            took = monotonic() - began
            self._compare_at = began + max(_COMPARED_EVERY_SECONDS, took / _SHARE_OF_COMPARISONS)
        else:
            moved = self._compare(self._near.keys() | self._beyond(began))
        self._keep_near(moved, began)
        return moved

    def _beyond(self, began: float) -> set[int]:
        """Ledgers, other than the near ones, whose head is not where it was; when it is time."""
        if began < self._sum_at:
            return set()
        near = list(self._near)
        expected = sum(self._reached.values()) - sum(self._reached.get(n, 0) for n in near)
        beyond: set[int] = set()
        if self._checkpoints.sum_of_heads(without=near) != expected:
            beyond = set(self._checkpoints.heads_beyond(self._reached))
        self._sum_at = began + (monotonic() - began) / _SHARE_OF_SUMS
        return beyond

    def _compare(self, ledgers: Collection[int] | None) -> list[int]:
        """Of these ledgers, or of all, those that are behind; where the others stand is kept."""
        found: list[Standing] = []
        if ledgers is None or ledgers:
            found = self._checkpoints.standing(ledgers)
        for standing in found:
            if standing.behind:
                self._reached.pop(standing.ledger_id, None)
            else:
                self._reached[standing.ledger_id] = standing.position
        return [standing.ledger_id for standing in found if standing.behind]

    def _keep_near(self, ledgers: Collection[int], now: float) -> None:
        """Look at these at every turn for a while; at those that moved last, if there are many."""
        for ledger_id in ledgers:
            self._near.pop(ledger_id, None)
            self._near[ledger_id] = now + _NEAR_SECONDS
        surplus = len(self._near) - _MOST_NEAR
        for number, (ledger_id, until) in enumerate(list(self._near.items())):
            if number >= surplus and until >= now:
                break
            del self._near[ledger_id]
