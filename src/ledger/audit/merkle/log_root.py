"""The root of a ledger's tree from the log alone, without any read model."""

from collections.abc import Callable

from ledger.audit.merkle.entries import leaf_of
from ledger.audit.merkle.tree import GrowingTree
from ledger.store.recorder import LedgerRecorder

_PAGE_EVENTS = 500
_PAGE_BYTES = 4_000_000


def root_of_log(recorder: LedgerRecorder, size: int, progress: Callable[[int, int], None]) -> bytes:
    """The root over the first `size` events as they are stored now; the log is read once.

    Raises LookupError where one of them is not there, MalformedUsage and zlib.error where one is
    not what was ever written.
    """
    growing = GrowingTree()
    while growing.size < size:
        page = recorder.select_batch(growing.size, _PAGE_EVENTS, _PAGE_BYTES, size)
        if not page:
            raise LookupError(f"the log holds no event at position {growing.size + 1}")
        for stored in page:
            if stored.id != growing.size + 1:
                raise LookupError(f"the log holds no event at position {growing.size + 1}")
            growing.add(leaf_of(recorder.ledger_id, stored))
        progress(growing.size, size)
    return growing.root()
