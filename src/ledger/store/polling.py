"""A subscription to the log that polls."""

import threading
from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import ApplicationRecorder, Notification, Subscription

_PAGE = 500
_SHORTEST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 1.0


class PollingSubscription(Subscription[ApplicationRecorder]):
    """Yields every event after a position, for ever, until stopped.

    Polls every 5 ms while events come, backing off to a second while none do.
    """

    def __init__(
        self, recorder: ApplicationRecorder, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._page: list[Notification] = []
        self._stopping = threading.Event()

    def stop(self) -> None:
        super().stop()
        self._stopping.set()

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        super().__exit__(*args, **kwargs)

    def __next__(self) -> Notification:
        pause = _SHORTEST_PAUSE_SECONDS
        while not self._page and not self._has_been_stopped:
            self._page = list(
                self._recorder.select_notifications(
                    start=self._last_notification_id or 0,
                    limit=_PAGE,
                    topics=self._topics,
                    inclusive_of_start=False,
                )
            )
            if not self._page:
                self._stopping.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        if self._has_been_stopped:
            raise StopIteration
        notification = self._page.pop(0)
        self._last_notification_id = notification.id
        return notification
