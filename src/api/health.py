"""Whether this process lives (`/healthz`) and may be sent requests (`/readyz`)."""

from typing import Any

import anyio.to_thread
from anyio import CapacityLimiter
from eventsourcing.persistence import PersistenceError
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from api.services import Services
from ledger.store.migrate import MigrationError, pending_on

_PROBES_AT_ONCE = 2


def health_routes(services: Services) -> list[HTTPRouteHandler]:
    """The two routes, without authentication and without secrets in their answers."""

    limiter = CapacityLimiter(_PROBES_AT_ONCE)

    @get("/healthz", sync_to_thread=False)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @get("/readyz")
    async def readyz() -> Response[dict[str, Any]]:
        found = await anyio.to_thread.run_sync(readiness, services, limiter=limiter)
        return Response(found, status_code=200 if found["ready"] else 503)

    return [healthz, readyz]


def readiness(services: Services) -> dict[str, Any]:
    """Database, migrations and projections; a projection that stopped is named."""
    try:
        with services.datastore.get_connection() as conn:
            missing = pending_on(conn)
        if missing:
            return {"ready": False, "database": "ok", "pending_migrations": missing}
        stopped = services.projector.checkpoints.stopped()
        lag = services.projector.checkpoints.lag()
    except (PersistenceError, MigrationError) as error:
        return {"ready": False, "database": type(error).__name__}
    return {
        "ready": not stopped,
        "database": "ok",
        "pending_migrations": [],
        "stopped_projections": [
            {"projection": s.projection, "position": s.stopped_at, "error": s.error}
            for s in stopped
        ],
        "lag": lag,
    }
