"""Tables that are filled before they have their key."""

from dataclasses import dataclass, field
from typing import Any

from projections.runtime.tables import Table


class KeyWanted(Exception):
    """A table is to be read or changed by its key, which was not made yet."""

    def __init__(self, table: Table[Any]) -> None:
        super().__init__(f"{table.name} has no key yet")


@dataclass(frozen=True, slots=True)
class Unkeyed:
    """The names of tables that have no key yet, and take new rows alone.

    `memory` is what projections keep from page to page so that they need not read these tables
    (`Rows.memory`).
    """

    tables: frozenset[str]
    memory: dict[str, Any] = field(default_factory=dict[str, Any])

    def expect_key(self, table: Table[Any]) -> None:
        """Raises KeyWanted for one of the tables."""
        if table.name in self.tables:
            raise KeyWanted(table)
