"""One process of a served ledger: an API worker, the projector, or the scheduler."""

import argparse
import gc
import os
import signal
import socket
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from api.serve.logs import configure_logs
from api.services import Services
from projections.runtime.follower import follow
from projections.runtime.leases import Lease
from projections.runtime.wake import Doorbell, Ringer

if TYPE_CHECKING:
    from api.audit.checkpoints import DueCheckpoints

_DRAIN_SECONDS = 10
_KEEP_ALIVE_SECONDS = 30
_SWITCH_SECONDS = 0.0005
"""How long a thread with an answer of the database waits for one that is busy with requests."""
_YOUNG_OBJECTS = 20_000
_API_CONNECTIONS = 16
_FOLLOWER_CONNECTIONS = 2


def main() -> None:
    """Run the process that the command line names, until the supervisor says or is gone."""
    options = _options()
    configure_logs(options.log_level)
    stopping = threading.Event()
    bells = Path(options.bells)
    projector, scheduler = Ringer(bells / "projector"), Ringer(bells / "scheduler")

    def wake(ledger_id: int) -> None:
        projector.ring(ledger_id)
        scheduler.ring(ledger_id)

    services = Services(
        os.environ["DATABASE_URL"],
        pool_size=_API_CONNECTIONS if options.role == "api" else _FOLLOWER_CONNECTIONS,
        grace=timedelta(seconds=options.grace),
        late_usage_settling=timedelta(seconds=options.settling),
        wake=wake,
        wake_projector=projector.tell,
    )
    threading.Thread(target=_watch, args=(options.lifeline,), daemon=True).start()
    try:
        if options.role == "api":
            _serve(services, options.socket)
        else:
            lease = Lease(services.datastore, options.role, options.holder)
            with closing(Doorbell(bells / options.role)) as doorbell:
                _follow(services, lease, options, doorbell, stopping)
    finally:
        services.close()


def _serve(services: Services, listener: int) -> None:
    from api.app import create_app

    sys.setswitchinterval(_SWITCH_SECONDS)
    app = create_app(services)
    collect_garbage_seldom()
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener)])


def collect_garbage_seldom() -> None:
    """Requests leave little behind that needs to be collected, and what stands when a process
    starts, stays. With Python's own settings a worker answered a sixth fewer meter events, and the
    slowest of them some 20 ms later or more (decision 15)."""
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)


def _follow(
    services: Services,
    lease: Lease,
    options: argparse.Namespace,
    doorbell: Doorbell,
    stopping: threading.Event,
) -> None:
    from api.scheduler import run_scheduler

    collect_garbage_seldom()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    if options.role == "projector":
        follow(services.projector, lease, stopping, doorbell)
    else:
        run_scheduler(services, lease, stopping, doorbell, _checkpoints(services, options))


def _checkpoints(services: Services, options: argparse.Namespace) -> "DueCheckpoints | None":
    """Who signs checkpoints, if this process was given a key to do it with."""
    from api.audit.checkpoints import DueCheckpoints
    from api.audit.signing_key import VARIABLE, Signer
    from ledger.audit.merkle.notes import SigningKey

    secret = os.environ.pop(VARIABLE, None)
    if secret is None:
        return None
    signer = Signer(SigningKey.parse(secret), given=options.key_given)
    return DueCheckpoints(services, signer, options.checkpoint_interval)


def _watch(lifeline: int) -> None:
    """The supervisor holds the other end of this pipe; it closes when the supervisor is gone."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tallybook-process")
    parser.add_argument("role", choices=("api", "projector", "scheduler"))
    parser.add_argument("--bells", required=True)
    parser.add_argument("--holder", required=True, help="of leases; a restart has the same")
    parser.add_argument("--lifeline", type=int, required=True)
    parser.add_argument("--socket", type=int, default=-1)
    parser.add_argument("--grace", type=int, default=3600)
    parser.add_argument("--settling", type=int, default=60)
    parser.add_argument("--log-level", default="info")
    parser.add_argument("--checkpoint-interval", type=int, default=3600)
    parser.add_argument("--key-given", action="store_true", help="by a setting")
    return parser.parse_args()


if __name__ == "__main__":
    main()
