"""Facts about a ledger's own log. They stand in the stream `checkpoints`."""

from typing import ClassVar, Final

from ledger.kernel.events import DomainEvent

STREAM: Final = "checkpoints"


class CheckpointSigned(DomainEvent):
    """The tree over the first `size` events had this root, in hex, and a note says so.

    `note` is the signed note, `key` the public key that checks it (`ledger.audit.merkle.notes`).
    """

    TOPIC: ClassVar[str] = "checkpoint.signed.v1"

    size: int
    root: str
    note: str
    key: str


EVENTS: tuple[type[DomainEvent], ...] = (CheckpointSigned,)
