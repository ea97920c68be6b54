"""What a simulation is asked for: the prices, and whose history."""

from collections.abc import Iterable, Mapping

import msgspec

from api.http.call import View
from api.prices.params import PriceCreate
from api.prices.requests import all_terms
from ledger.audit.history import PastStreams
from ledger.audit.simulation.changes import Changes, KnownPrices, PriceChange, changes_of
from ledger.kernel.errors import InvalidRequest
from ledger.store.event_sourcing import EventSourcedLedger
from projections.customers.rows import CUSTOMERS, CustomerRow


class Asked:
    """Gathers price changes, naming each by its parameter."""

    def __init__(self, ledger: EventSourcedLedger, through: int | None = None) -> None:
        """With the prices as of a position, if one is given."""
        self.prices = KnownPrices(PastStreams(ledger), through)
        self._changes: list[PriceChange] = []

    def by_price(self, old: str, new: str, param: str) -> None:
        """Another price in the place of one. Raises NotFound, and InvalidRequest."""
        change = self.prices.replaced_by(
            old, new, old_param=f"{param}[price]", new_param=f"{param}[replaced_by]"
        )
        self._changes.append(change)

    def by_terms(self, old: str, name: str, asked: PriceCreate, param: str) -> None:
        """New terms in the place of a price. Raises NotFound, and InvalidRequest."""
        change = self.prices.replaced_by_terms(old, name, all_terms(asked), param=f"{param}[price]")
        self._changes.append(change)

    @property
    def changes(self) -> Changes:
        """Raises InvalidRequest for none, and for two of one price."""
        return changes_of(self._changes)


def segment(
    view: View, customers: Iterable[str], metadata: Mapping[str, str]
) -> tuple[str, ...] | None:
    """The customers that are named, or whose metadata has all these texts as the view has it; None
    for everyone.

    Raises InvalidRequest for both, and for a segment of nobody.
    """
    named = tuple(dict.fromkeys(customers))
    if not metadata:
        return named or None
    if named:
        raise InvalidRequest("Name customers or metadata, not both.", param="metadata")
    found = _now(view, metadata) if view.as_of is None else _then(view, metadata)
    if not found:
        raise InvalidRequest("No customer has this metadata.", param="metadata")
    return found


def _now(view: View, metadata: Mapping[str, str]) -> tuple[str, ...]:
    rows = view.reader().fetch_rows(
        CUSTOMERS,
        "ledger_id = %(ledger_id)s AND data -> 'personal' -> 'metadata' @> %(metadata)s::jsonb "
        "ORDER BY id",
        {"metadata": msgspec.json.encode(metadata).decode()},
    )
    return tuple(row.id for row in rows)


def _then(view: View, metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Customers change their metadata, so that all of them are folded from the log."""
    past = view.services.past(view.identity.ledger_id, view.position)
    return tuple(row.id for row in past.all(CUSTOMERS) if _has(row, metadata))


def _has(row: CustomerRow, metadata: Mapping[str, str]) -> bool:
    return metadata.items() <= row.personal.metadata.items()
