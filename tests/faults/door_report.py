"""What a door run did and found, for a person."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.faults.door_process import ClientProcess


@dataclass
class DoorReport:
    """What is told of a run. It counts only if everything was killed that was to be."""

    seed: int
    seconds: float
    size: int
    clients: Sequence[ClientProcess]
    kills: dict[str, int]
    planned: dict[str, int]
    head: int
    recorded: int
    compared: int
    lag_gone_after: float | None
    problems: list[str]

    @property
    def counts(self) -> bool:
        """Whether everything was killed that was to be."""
        return self.kills == self.planned

    def lines(self) -> Iterator[str]:
        yield f"seed {self.seed}, {self.seconds:.0f} s, {self.size} records"
        killed = ", ".join(f"{who} {n}" for who, n in sorted(self.kills.items()))
        yield f"kill -9, {sum(self.kills.values())} in all: {killed}"
        yield "records sent, by client and door:"
        for client in self.clients:
            doors = client.told.get("door_records", {})
            shown = ", ".join(f"{door} {n}" for door, n in sorted(doors.items()))
            yield f"  {client.name}: {shown}"
        requests = total(self.clients, "requests")
        yield f"requests: {requests.total()} {dict(sorted(requests.items()))}"
        for kind, n in sorted(total(self.clients, "answers").items()):
            yield f"  answered {kind}: {n}"
        for kind, n in sorted(total(self.clients, "cut_off").items()):
            yield f"  cut off, sent again {kind}: {n}"
        yield f"answers that told nothing, or none in the end: {self._without_answer()}"
        accepted = total(self.clients, "accepted")
        yield f"answered as new: {accepted.total()} {dict(sorted(accepted.items()))}"
        yield "  (the stream does not say, and lost answers did not)"
        yield f"counted: {self.recorded}; positions 1..{self.head}"
        yield f"summaries compared: {self.compared}; lag 0 after {self.lag_gone_after} s"
        yield from (f"PROBLEM {problem}" for problem in self.problems)
        if not self.counts:
            yield f"does not count: these kills were planned: {self.planned}"
        yield "FAILED" if self.problems else "nothing lost, nothing doubled, nobody left waiting"

    def _without_answer(self) -> int:
        return sum(len(client.told.get("unclear", [])) for client in self.clients)


def total(clients: Iterable[ClientProcess], what: str) -> Counter[str]:
    """The sum of what all clients were told, by its kind."""
    summed: Counter[str] = Counter()
    for client in clients:
        summed.update(client.told.get(what, {}))
    return summed
