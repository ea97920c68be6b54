"""What is asked about a ledger's own log."""

from pydantic import Field

from ledger.kernel.commands import Command


class SignCheckpoint(Command):
    """Record a checkpoint that was signed: of the first `size` events, with `root` in hex."""

    size: int = Field(gt=0)
    root: str
    note: str
    key: str
