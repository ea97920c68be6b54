"""The projector's loop: follow the log by polling, woken early by a doorbell."""

import threading

import structlog
from eventsourcing.persistence import PersistenceError

from ledger.kernel.clock import system_now
from projections.runtime.leases import Lease
from projections.runtime.lookout import Lookout
from projections.runtime.projector import Projector
from projections.runtime.wake import Bell

_log = structlog.get_logger("follower")

_SHORTEST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 1.0
_PAUSE_AFTER_ERROR_SECONDS = 0.5


def follow(projector: Projector, lease: Lease, stopping: threading.Event, bell: Bell) -> None:
    """Project until `stopping` is set. A lost database is waited for; nothing else is hidden.

    Polls every 5 ms while events come, backing off to one second while none do.
    """
    pause = _SHORTEST_PAUSE_SECONDS
    projector.checkpoints.resume_all()
    lookout = Lookout(projector.checkpoints)
    while not stopping.is_set():
        rung = bell.rung()
        try:
            leads = lease.take(system_now())
            applied = projector.step(lookout.moved(rung)) if leads else 0
        except PersistenceError as error:
            _log.warning("database unavailable", error=str(error))
            stopping.wait(_PAUSE_AFTER_ERROR_SECONDS)
            continue
        pause = _SHORTEST_PAUSE_SECONDS if applied else min(pause * 2, _LONGEST_PAUSE_SECONDS)
        if not applied and bell.wait(pause):
            pause = _SHORTEST_PAUSE_SECONDS
    lease.release()
