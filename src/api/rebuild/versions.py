"""Which versions of the read models are there, and what is said of them."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from ledger.kernel.errors import NotFound
from projections.registry import PROJECTIONS
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.rebuild import builds, earlier, sides
from projections.runtime.rebuild.builds import Build
from projections.runtime.rebuild.filling import connected

_SAMPLE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a projection: `live`, `building`, `built`, `replaced` or `earlier`."""

    projection: str
    state: str
    events: int
    bytes: int
    note: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def projections_named(names: Sequence[str] | None) -> list[Projection]:
    """Projections by their names, with or without the version; all where none is named.

    Raises NotFound.
    """
    known = {projection.name: projection for projection in PROJECTIONS}
    known |= {checkpoint_name(projection): projection for projection in PROJECTIONS}
    for name in names or ():
        if name not in known:
            raise NotFound("projection", name)
    if not names:
        return list(PROJECTIONS)
    return list({checkpoint_name(known[name]): known[name] for name in names}.values())


def versions(owner_url: str) -> list[Version]:
    """Every version of every projection, the live one first."""
    found: list[Version] = []
    with connected(owner_url) as conn:
        for one in PROJECTIONS:
            name = checkpoint_name(one)
            events = sum(builds.live_positions(conn, name).values())
            size = sides.size_of(conn, one, sides.LIVE)
            found.append(Version(name, "live", events, size, ""))
            for build in builds.find(conn, [name]):
                size = sides.size_of(conn, one, build.side)
                found.append(Version(name, build.state, build.events, size, _said_of(build)))
            found += [
                Version(table.name, "earlier", 0, table.bytes, "of an earlier release")
                for table in earlier.earlier_tables(conn, one)
            ]
    return found


def building(owner_url: str) -> list[str]:
    """A line for each build that goes on, with its rate over half a second."""
    names = [checkpoint_name(one) for one in PROJECTIONS]
    with connected(owner_url) as conn:
        before = {(b.projection, b.side): b for b in builds.find(conn, names)}
        if not any(build.state == "building" for build in before.values()):
            return []
        time.sleep(_SAMPLE_SECONDS)
        return [
            f"{build.projection} is being built: {build.events} events, {build.records} records, "
            f"{_rate(build, before.get((build.projection, build.side)))} records/s"
            + (f" ({build.error})" if build.error else "")
            for build in builds.find(conn, names)
            if build.state == "building"
        ]


def _rate(build: Build, before: Build | None) -> int:
    return round((build.records - before.records) / _SAMPLE_SECONDS) if before else 0


def _said_of(build: Build) -> str:
    return (
        build.error
        or {
            "building": "not complete: 'rebuild' goes on",
            "built": "complete: 'switch' takes it",
            "replaced": "was live: 'switch' goes back to it",
        }[build.state]
    )
