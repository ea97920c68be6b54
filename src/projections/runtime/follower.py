"""The projector's loop: follow the log by polling, woken early by a doorbell."""

import threading
from collections.abc import Callable

import structlog
from eventsourcing.persistence import PersistenceError

from ledger.kernel.clock import system_now
from projections.runtime.leases import Lease
from projections.runtime.projector import Projector

_log = structlog.get_logger("follower")

_SHORTEST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 1.0
_PAUSE_AFTER_ERROR_SECONDS = 0.5

Wait = Callable[[float], bool]


def follow(projector: Projector, lease: Lease, stopping: threading.Event, wait: Wait) -> None:
    """Project until `stopping` is set. A lost database is waited for; nothing else is hidden.

    Polls every 5 ms while events come, backing off to one second while none do.
    """
    pause = _SHORTEST_PAUSE_SECONDS
    projector.checkpoints.resume_all()
    while not stopping.is_set():
        try:
            applied = projector.step() if lease.take(system_now()) else 0
        except PersistenceError as error:
            _log.warning("database unavailable", error=str(error))
            stopping.wait(_PAUSE_AFTER_ERROR_SECONDS)
            continue
        pause = _SHORTEST_PAUSE_SECONDS if applied else min(pause * 2, _LONGEST_PAUSE_SECONDS)
        if not applied and wait(pause):
            pause = _SHORTEST_PAUSE_SECONDS
    lease.release()
