"""Many random edits of one ledger, each looked for and taken back."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from api.services import Services
from tests.tampering.edits import Edits
from tests.tampering.looking import tampering


@dataclass(slots=True)
class Ran:
    """How many edits were found, and those that were not."""

    found: int = 0
    missed: list[str] = field(default_factory=list[str])
    named: list[str] = field(default_factory=list[str])

    @property
    def edits(self) -> int:
        return self.found + len(self.missed)


def edit_and_look(
    services: Services,
    owner_url: str,
    ledger_id: int,
    edits: int,
    seed: int,
    tell: Callable[[str], None],
) -> Ran:
    """Make so many edits, one after the other, each in the ledger as it was."""
    ran, chance = Ran(), random.Random(seed)
    for _ in range(edits):
        with tampering(services, owner_url, ledger_id) as there:
            edit = Edits(there, chance).one()
            found = there.verify()
        if found.holds:
            ran.missed.append(edit)
            tell(f"MISSED  {edit}")
        else:
            ran.found += 1
            ran.named.append(f"{edit}  ->  {found.findings[0].sentence()}")
            tell(ran.named[-1])
    return ran
