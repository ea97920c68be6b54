"""An identity that must hold, what was compared, and the first places where it does not hold."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

_MOST_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Offender:
    """A place where an identity does not hold. `difference` is in minor units of `currency`, None
    where it is no amount that differs."""

    subject: str
    why: str
    currency: str | None = None
    difference: int | None = None


@dataclass(slots=True)
class Identity:
    """One identity while it is looked at.

    `differences` is the sum of what is off, without signs, by currency; each currency that was
    looked at is there, with 0 where all is well. `counts` say of what kinds the things were.
    """

    name: str
    statement: str
    things: str
    checked: int = 0
    failures: int = 0
    differences: Counter[str] = field(default_factory=Counter[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    offenders: list[Offender] = field(default_factory=list[Offender])

    @property
    def holds(self) -> bool:
        return self.failures == 0

    def compare(self, subject: str, currency: str, expected: int, found: int, why: str) -> None:
        """Two amounts that must be the same."""
        self.differences[currency] += abs(found - expected)
        if found != expected:
            explained = f"{why}: {found}, not {expected}"
            self.blame(Offender(subject, explained, currency, found - expected))

    def require(self, subject: str, holds: bool, why: str) -> None:
        """Something that is no amount, and must be so."""
        if not holds:
            self.blame(Offender(subject, why))

    def blame(self, offender: Offender) -> None:
        """Name a place where it does not hold; the first ones are kept."""
        self.failures += 1
        if len(self.offenders) < _MOST_NAMED:
            self.offenders.append(offender)


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """What was found of a ledger as its log stood at a position.

    `late` are the finalized lines for which something came after they were settled, with the last
    position at which it did.
    """

    position: int
    facts: int
    meter_events: int
    identities: tuple[Identity, ...]
    late: Mapping[str, int]

    @property
    def holds(self) -> bool:
        return all(identity.holds for identity in self.identities)

    def with_identities(self, *more: Identity) -> "LedgerCheck":
        """The same with what was found elsewhere."""
        return replace(self, identities=self.identities + more)
