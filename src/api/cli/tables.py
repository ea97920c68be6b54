"""Texts and tables that a terminal shows as they are written."""

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.table import Table

_UNBOUNDED: Final = 1_000
"""Columns of what is written to no terminal, where nothing is to be cut or folded."""


def printable(text: str) -> str:
    """What a client sent, without anything that a terminal would act upon."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def print_table(table: "Table") -> None:
    """A table on standard output: as wide as the terminal, or as it needs where there is none.

    Cells are taken word for word: brackets and colons in a client's texts are no markup.
    """
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(markup=False, emoji=False, highlight=False, width=_UNBOUNDED)
    console.print(table)
