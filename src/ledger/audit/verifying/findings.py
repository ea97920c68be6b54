"""What a verification found wrong, the first bad position before all else."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

_MOST_NAMED: Final = 20
"""So many findings of one place are named; the others are counted."""


class Finding(msgspec.Struct, frozen=True):
    """Something stored is not what it has to be.

    `where` is the table, or the part of the ledger. `position` is the first one of the log that is
    concerned, None where none can be told; `key` says which row it is, if it is one.
    """

    where: str
    what: str
    position: int | None = None
    key: str | None = None

    def sentence(self) -> str:
        """The finding in one line."""
        at = "" if self.position is None else f"position {self.position}: "
        key = f" {self.key}" if self.key else ""
        return f"{at}{self.where}{key}: {self.what}"


LOG: Final = "ledger.events"
HEADS: Final = "ledger.heads"
FOLLOWERS: Final = "projections.checkpoints"
TREE: Final = "hash tree"
SIGNED: Final = "checkpoint"

_CAUSES: Final = (LOG, HEADS, FOLLOWERS, TREE, SIGNED)


def by_position(finding: Finding) -> tuple[bool, bool, int, int, str, str, str]:
    """Sorts findings: those of the log itself first, from which others follow; then those with a
    position, the least first."""
    where, position = finding.where, finding.position
    rank = _CAUSES.index(where) if where in _CAUSES else len(_CAUSES)
    place = where not in _CAUSES, position is None, position or 0, rank
    return *place, where, finding.key or "", finding.what


@dataclass(slots=True)
class Findings:
    """The findings of one ledger, so many of each place as a person will read."""

    found: list[Finding] = field(default_factory=list[Finding])
    counts: Counter[str] = field(default_factory=Counter[str])

    def add(self, where: str, what: str, position: int | None = None, key: str = "") -> None:
        """Take down what is wrong."""
        self.take(Finding(where, what, position, key or None))

    def take(self, finding: Finding) -> None:
        """The same with a finding. Of the many of one place the first by position are kept, and of
        several that say the same, one."""
        if finding in self.found:
            return
        self.counts[finding.where] += 1
        self.found.append(finding)
        if self.counts[finding.where] > _MOST_NAMED:
            same = [one for one in self.found if one.where == finding.where]
            self.found.remove(max(same, key=by_position))

    def extend(self, findings: Iterable[Finding]) -> None:
        """Take down several."""
        for finding in findings:
            self.take(finding)

    def ordered(self) -> list[Finding]:
        """Those kept, by position."""
        return sorted(self.found, key=by_position)

    def first_cause(self, first: int, last: int) -> int | None:
        """The first position from one through another at which the log itself is wrong, as far as
        is known by now."""
        known = (one.position for one in self.found if one.where in _CAUSES)
        return min((at for at in known if at is not None and first <= at <= last), default=None)

    @property
    def total(self) -> int:
        return self.counts.total()
