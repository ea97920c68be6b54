"""Recording checkpoints."""

from ledger.checkpoints import aggregate
from ledger.checkpoints.commands import SignCheckpoint
from ledger.checkpoints.events import STREAM, CheckpointSigned
from ledger.store.work import Handlers, Work


def sign_checkpoint(work: Work, command: SignCheckpoint) -> None:
    """Without effect where the log has grown by checkpoints alone since the last one, or where
    another process was first."""
    last = work.load(aggregate.evolve, STREAM)
    if aggregate.has_news(command.size, last.size if last else 0):
        signed = CheckpointSigned(
            size=command.size, root=command.root, note=command.note, key=command.key
        )
        work.append(STREAM, signed)


HANDLERS: Handlers = {SignCheckpoint: sign_checkpoint}
