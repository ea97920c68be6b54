"""Pages of one ledger's log, decoded."""

from ledger.kernel.events import RecordedEvent
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder


class Log:
    """Reads the events of one ledger in the order of positions."""

    def __init__(self, recorder: LedgerRecorder, mapper: LedgerMapper) -> None:
        self.recorder = recorder
        self._mapper = mapper

    def page(self, after: int, limit: int, through: int | None = None) -> list[RecordedEvent]:
        """Events after a position, at most `limit` of them."""
        notifications = self.recorder.select_notifications(
            after, limit, stop=through, inclusive_of_start=False
        )
        return [self._mapper.to_domain_event(notification) for notification in notifications]

    def catalogue_page(self, after: int, limit: int, through: int) -> list[RecordedEvent]:
        """The same without usage."""
        notifications = self.recorder.select_catalog(after, limit, stop=through)
        return [self._mapper.to_domain_event(notification) for notification in notifications]

    def head(self) -> int:
        """The last position, 0 while the log is empty."""
        return self.recorder.head()[0]
