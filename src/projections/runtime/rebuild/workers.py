"""Several processes fill the tables of a side, each some projections or some ledgers."""

import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from typing import Any, Final, NamedTuple

from ledger.event_types import EVENT_CATALOGUE
from ledger.kernel.errors import Conflict
from ledger.store.datastore import Datastore
from ledger.store.event_sourcing import EventSourcedLedger
from projections.runtime.log import Log
from projections.runtime.projection import Projection, checkpoint_name, takes_usage
from projections.runtime.rebuild import builds
from projections.runtime.rebuild.ahead import LogOf, by_process, can_be_sent, serve
from projections.runtime.rebuild.builds import Positions
from projections.runtime.rebuild.filling import Filling, Orphaned, connected
from projections.runtime.rebuild.pace import Throttle

_LOOK_SECONDS: Final = 0.25
_WORTH_EVENTS: Final = 500
"""Fewer events, counted once a projection, are applied sooner than processes start."""

_YOUNG_OBJECTS: Final = 1_000_000

_NICE: Final = 15
"""By how much all others give way to what writes usage, which takes longest."""

Targets = Mapping[str, Positions]


@dataclass(frozen=True, slots=True)
class Crew:
    """How many processes may write, and how each reaches the database: the log under the
    application's role, the tables under the owner's. One that writes usage has another that reads
    ahead for it."""

    size: int
    app_url: str
    owner_url: str


@dataclass(frozen=True, slots=True)
class _Share:
    """What one process does: some projections, each up to a position of some ledgers; of all that
    there are if it is `whole`. It gives way where another has more to do."""

    projections: tuple[Projection, ...]
    side: str
    targets: Targets
    throttle: Throttle
    whole: bool
    gives_way: bool


def fill_with(crew: Crew, filling: Filling, targets: Targets) -> None:
    """Fill a side with several processes, as far as that is worth it; the filling goes on from
    there.

    A process that ends ends the others: Conflict says why. What they did stays.
    """
    shares = _shares(crew.size, filling, targets)
    if len(shares) < 2:
        return
    workers: list[_Worker] = []
    try:
        workers.extend(_started(crew, share) for share in shares)
        _watch(workers, filling)
    finally:
        for worker in workers:
            worker.end()
        _look(filling)


class _Worker(NamedTuple):
    """A process, the pipe over which it says why it ended, and the one that reads ahead for it."""

    process: BaseProcess
    pipe: Pipe
    reader: BaseProcess | None

    def end(self) -> None:
        for process in (self.process, self.reader):
            if process is not None:
                process.terminate()
                process.join()


def _started(crew: Crew, share: _Share) -> _Worker:
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    ahead, reader = None, None
    if can_be_sent(share.projections):
        ahead, asked = spawning.Pipe()
        reader = spawning.Process(target=_read, args=(crew, share, asked), daemon=True)
        reader.start()
        asked.close()
    args = crew, share, theirs, ahead, os.getpid()
    process = spawning.Process(target=_work, args=args, daemon=True)
    process.start()
    for end in (theirs, ahead):
        if end is not None:
            end.close()
    return _Worker(process, ours, reader)


def _watch(workers: Sequence[_Worker], filling: Filling) -> None:
    while any(worker.process.is_alive() for worker in workers):
        time.sleep(_LOOK_SECONDS)
        _look(filling)
        filling.tell()
        _expect_well(workers)
    _expect_well(workers)


def _expect_well(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        if worker.process.exitcode:
            raise Conflict(_last_words(worker))


def _last_words(worker: _Worker) -> str:
    try:
        if worker.pipe.poll():
            return str(worker.pipe.recv())
    except EOFError:
        pass
    status = worker.process.exitcode
    return f"A process of the build ended with status {status}. Run it again to go on."


def _look(filling: Filling) -> None:
    """See how far the processes have come."""
    for name in filling.reached:
        filling.reached[name] = builds.positions(filling.conn, name, filling.side)


def _work(crew: Crew, share: _Share, pipe: Pipe, ahead: Pipe | None, parent: int) -> None:
    """The whole life of a process. It ends when its parent has."""
    _settle()
    if share.gives_way:
        os.nice(_NICE)

    def tell() -> None:
        if os.getppid() != parent:
            raise Orphaned

    try:
        with connected(crew.owner_url) as conn, Datastore(crew.app_url, pool_size=2) as store:
            log_of = _logs(store)
            projections = share.projections
            filling = Filling(conn, projections, share.side, log_of, share.throttle, tell)
            filling.pages = None if ahead is None else by_process(ahead)
            filling.bring_to(share.targets)
            if share.whole:
                filling.make_keys()
    except Orphaned:
        os._exit(1)
    except Exception as error:  # noqa: BLE001 - said by the parent
        pipe.send(str(error) or type(error).__name__)
        raise SystemExit(1) from None


def _read(crew: Crew, share: _Share, asked: Pipe) -> None:
    """The whole life of a process that reads ahead. It ends when nobody can ask it any more."""
    _settle()
    with Datastore(crew.app_url, pool_size=1) as store:
        serve(asked, _logs(store), share.projections)


def _settle() -> None:
    """What a process does first: whoever interrupts its parent is answered there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Pages leave nothing behind that has to be looked for: looking takes a third of the time.
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)


def _logs(datastore: Datastore) -> LogOf:
    found: dict[int, Log] = {}

    def log_of(ledger_id: int) -> Log:
        if ledger_id not in found:
            ledger = EventSourcedLedger(datastore, ledger_id, EVENT_CATALOGUE)
            found[ledger_id] = Log(ledger.recorder, ledger.mapper)
        return found[ledger_id]

    return log_of


def _shares(size: int, filling: Filling, targets: Targets) -> list[_Share]:
    """The work cut into as many shares as there may be processes.

    Projections that take usage have the most to do, each in a share of its own; the others go
    through the log together. Where there are fewer of those than processes, each takes some
    ledgers.
    """
    left = {
        name: {n: at for n, at in of_one.items() if at > filling.reached[name].get(n, 0)}
        for name, of_one in targets.items()
    }
    if sum(map(len, left.values())) == 0 or _events(filling, left) < _WORTH_EVENTS:
        return []
    groups = [[one] for one in filling.projections if takes_usage(one)]
    groups.append([one for one in filling.projections if not takes_usage(one)])
    groups = [group for group in groups if any(left[checkpoint_name(one)] for one in group)]
    while len(groups) > size:
        last = groups.pop()
        groups[-1] = [*groups[-1], *last]
    parts = max(1, size // max(1, len(groups)))
    usage = any(map(can_be_sent, groups))
    return [
        _Share(
            tuple(group),
            filling.side,
            some,
            filling.throttle,
            whole=parts == 1,
            gives_way=usage and not can_be_sent(group),
        )
        for group in groups
        for some in _by_ledger(
            {checkpoint_name(one): left[checkpoint_name(one)] for one in group}, parts
        )
    ]


def _by_ledger(targets: dict[str, Positions], parts: int) -> list[dict[str, Positions]]:
    """The same targets in parts of about as many events, each of other ledgers."""
    sizes: dict[int, int] = {}
    for of_one in targets.values():
        for ledger, at in of_one.items():
            sizes[ledger] = max(sizes.get(ledger, 0), at)
    bins: list[list[int]] = [[] for _ in range(min(parts, len(sizes)))]
    weights = [0] * len(bins)
    for ledger in sorted(sizes, key=lambda n: -sizes[n]):
        lightest = weights.index(min(weights))
        bins[lightest].append(ledger)
        weights[lightest] += sizes[ledger]
    return [
        {
            name: {ledger: of_one[ledger] for ledger in some if ledger in of_one}
            for name, of_one in targets.items()
        }
        for some in bins
    ]


def _events(filling: Filling, left: dict[str, Any]) -> int:
    return sum(
        at - filling.reached[name].get(ledger, 0)
        for name, of_one in left.items()
        for ledger, at in of_one.items()
    )
