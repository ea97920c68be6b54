"""`python -m tests.faults`: the long fault runs, which print their seed and what they found.

    PYTHONPATH=src python -m tests.faults [--seed N] [--kills API,PROJECTOR,SCHEDULER,POSTMASTER]
        [--places N] [--days N]
    PYTHONPATH=src python -m tests.faults --doors [--seed N] [--records N] [--singly SHARE]
        [--kills API,PROJECTOR,SCHEDULER,POSTMASTER] [--places N] [--forgetful]
    PYTHONPATH=src python -m tests.faults --rebuilds [--seed N]

The first bills a month. The second has eight clients send the same usage through every door;
`--forgetful` seeds a defect, which must be found. The third kills rebuilds of read models, switches
and drops at named moments, while clients record and read.

Ends with 0 if everything held and the run counts, 3 if something did not hold, 4 if the run does
not count because too little was killed or too few requests were of unknown outcome.
"""

import argparse
import secrets
import sys

from tests.faults.door_run import KILLS, USAGE_PLACES, DoorSettings, door_run
from tests.faults.fault_run import fault_run
from tests.faults.nemesis import Kills
from tests.faults.rebuild_run import rebuild_run

NEEDED = 20


def main() -> int:
    options = _parser().parse_args()
    print(f"seed {options.seed}", flush=True)
    if options.rebuilds:
        rebuilds = rebuild_run(options.seed, tell=_tell)
        print("\n".join(rebuilds.lines()))
        return 3 if rebuilds.problems else 0
    report = _doors(options) if options.doors else _month(options)
    print("\n".join(report.lines()))
    if report.problems:
        return 3
    return 0 if report.counts else 4


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--kills", help="API, projector, scheduler, postmaster")
    parser.add_argument("--places", type=int, help="kills at each named place")
    parser.add_argument("--days", type=int, default=31, help="days to bill at least")
    parser.add_argument("--doors", action="store_true", help="send through every door instead")
    parser.add_argument("--rebuilds", action="store_true", help="kill rebuilds instead")
    parser.add_argument("--records", type=int, default=200_000, help="records that each sends")
    parser.add_argument("--singly", type=float, default=0.2, help="share sent one a request")
    parser.add_argument("--forgetful", action="store_true", help="lose usage keys: must fail")
    return parser


def _kills(options: argparse.Namespace, usual: Kills, at: tuple[str, ...]) -> Kills:
    places = usual.places if options.places is None else options.places
    if options.kills is None:
        return Kills(usual.api, usual.projector, usual.scheduler, usual.postmaster, places, at)
    api, projector, scheduler, postmaster = (int(n) for n in options.kills.split(","))
    return Kills(api, projector, scheduler, postmaster, places, at)


def _tell(line: str) -> None:
    print(line, flush=True)


def _month(options: argparse.Namespace):
    kills = _kills(options, Kills(), Kills().at)
    return fault_run(options.seed, kills, days=options.days, needed=NEEDED, tell=_tell)


def _doors(options: argparse.Namespace):
    kills = _kills(options, KILLS, USAGE_PLACES)
    settings = DoorSettings(
        seed=options.seed,
        size=options.records,
        singly=options.singly,
        kills=kills,
        forgetful=options.forgetful,
    )
    return door_run(settings, _tell)


if __name__ == "__main__":
    sys.exit(main())
