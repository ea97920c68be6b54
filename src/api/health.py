"""Whether this process lives (`/healthz`) and may be sent requests (`/readyz`)."""

from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from anyio import CapacityLimiter
from eventsourcing.persistence import PersistenceError
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from api.services import Services
from ledger.store.migrate import MigrationError, pending_on
from projections.registry import PROJECTIONS
from projections.runtime.checkpoints import Checkpoints
from projections.runtime.rebuild.earlier import raised

_PROBES_AT_ONCE = 2


def health_routes(services: Services) -> list[HTTPRouteHandler]:
    """The two routes, without authentication and without secrets in their answers."""

    limiter = CapacityLimiter(_PROBES_AT_ONCE)

    @get("/healthz", sync_to_thread=False)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    filling = Filling(services)

    @get("/readyz")
    async def readyz() -> Response[dict[str, Any]]:
        found = await anyio.to_thread.run_sync(readiness, services, filling, limiter=limiter)
        return Response(found, status_code=200 if found["ready"] else 503)

    return [healthz, readyz]


@dataclass(slots=True)
class Filling:
    """Read models whose version rose with this release, until they have been filled."""

    services: Services
    _names: list[str] | None = None

    def left(self) -> dict[str, int]:
        """How many events each of them has still to apply."""
        if self._names is None:
            with self.services.datastore.get_connection() as conn:
                self._names = [one.name for one in raised(conn, PROJECTIONS)]
        lags = {n: Checkpoints(self.services.datastore, [n]).lag() for n in self._names}
        self._names = [name for name, lag in lags.items() if lag]
        return {name: lag for name, lag in lags.items() if lag}


def readiness(services: Services, filling: Filling | None = None) -> dict[str, Any]:
    """Database, migrations and projections; a projection that stopped is named, and one of a new
    version that is being filled."""
    try:
        with services.datastore.get_connection() as conn:
            missing = pending_on(conn)
        if missing:
            return {"ready": False, "database": "ok", "pending_migrations": missing}
        stopped = services.projector.checkpoints.stopped()
        lag = services.projector.checkpoints.lag()
        left = (filling or Filling(services)).left()
    except (PersistenceError, MigrationError) as error:
        return {"ready": False, "database": type(error).__name__}
    return {
        "ready": not stopped and not left,
        "database": "ok",
        "pending_migrations": [],
        "stopped_projections": [
            {"projection": s.projection, "position": s.stopped_at, "error": s.error}
            for s in stopped
        ],
        "projections_being_filled": left,
        "lag": lag,
    }
