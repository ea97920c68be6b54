"""How the story is told: readable on a terminal, plain text anywhere else."""

from typing import Any

from rich.console import Console
from rich.text import Text

from ledger.kernel.clock import from_epoch
from ledger.kernel.money import format_money

_INDENT = 3


class Teller:
    """Prints numbered steps: what is done, the request that does it, what came of it."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._steps = 0

    def heading(self, text: str) -> None:
        """Words before the first step."""
        self._line(text, "bold")

    def step(self, what: str) -> None:
        """Begin a step."""
        self._steps += 1
        self._line(f"\n{self._steps}. {what}", "bold")

    def request(self, method: str, path: str, outcome: str = "") -> None:
        """A request that was made, and what it answered."""
        self._line(f"{' ' * _INDENT}{method} {path}{' → ' if outcome else ''}{outcome}", "dim")

    def say(self, text: str) -> None:
        """What a person makes of it."""
        self._line(f"{' ' * _INDENT}{text}")

    def result(self, text: str) -> None:
        """What the steps led up to."""
        self._line(f"{' ' * _INDENT}{text}", "bold green")

    def remark(self, text: str) -> None:
        """A line that belongs to no step."""
        self._line(text)

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)


def money(invoice: dict[str, Any], name: str = "amount_due") -> str:
    """An amount of an invoice as people write it."""
    return format_money(invoice[name], invoice["currency"])


def moment(seconds: int) -> str:
    """Epoch seconds as people read them."""
    return f"{from_epoch(seconds):%-d %B %Y %H:%M} UTC"


def day(seconds: int) -> str:
    """The day of epoch seconds."""
    return f"{from_epoch(seconds):%-d %B %Y}"
