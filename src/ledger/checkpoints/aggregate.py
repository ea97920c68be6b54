"""Whether a checkpoint says anything new."""

from dataclasses import dataclass

from ledger.checkpoints.events import CheckpointSigned
from ledger.kernel.events import DomainEvent


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The last checkpoint of a ledger: how many events it is about."""

    size: int


def evolve(_: Checkpoints | None, event: DomainEvent) -> Checkpoints:
    """The last checkpoint after a fact. Raises ValueError for a fact about anything else."""
    match event:
        case CheckpointSigned():
            return Checkpoints(event.size)
        case _:
            raise ValueError(f"{event.TOPIC} is no fact about checkpoints")


def has_news(size: int, signed: int) -> bool:
    """Whether a log of `size` events says more than the checkpoint of `signed` events, 0 if there
    is none: the event that recorded that checkpoint is no news."""
    return size > signed + 1 if signed else size > 0
