"""The projector's loop: follow the log by polling, woken early by a doorbell."""

import threading

import structlog
from eventsourcing.persistence import PersistenceError

from ledger.kernel.clock import monotonic, system_now
from projections.runtime.leases import Lease
from projections.runtime.lookout import Lookout
from projections.runtime.projector import PAGE_EVENTS, Projector
from projections.runtime.wake import Bell

_log = structlog.get_logger("follower")

_SHORTEST_PAUSE_SECONDS = 0.005
_GATHERING_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
_PAUSE_AFTER_ERROR_SECONDS = 0.5


def follow(projector: Projector, lease: Lease, stopping: threading.Event, bell: Bell) -> None:
    """Project until `stopping` is set. A lost database is waited for; nothing else is hidden.

    While events come they gather for 50 ms, unless somebody waits for them or a page is full: a
    page costs far more than the single events on it. While none come, polls after 5 ms, backing
    off to one second.
    """
    pause = _SHORTEST_PAUSE_SECONDS
    projector.checkpoints.resume_all()
    lookout = Lookout(projector.checkpoints)
    while not stopping.is_set():
        began, rung = monotonic(), bell.rung()
        try:
            leads = lease.take(system_now())
            applied = projector.step(lookout.moved(rung)) if leads else 0
        except PersistenceError as error:
            _log.warning("database unavailable", error=str(error))
            stopping.wait(_PAUSE_AFTER_ERROR_SECONDS)
            continue
        if applied:
            pause = _SHORTEST_PAUSE_SECONDS
            if applied < PAGE_EVENTS:
                bell.wait_for_ring(max(0.0, began + _GATHERING_SECONDS - monotonic()))
        else:
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            if bell.wait(pause):
                pause = _SHORTEST_PAUSE_SECONDS
    lease.release()
