"""What a simulation is asked for: the prices, and whose history."""

from collections.abc import Iterable, Mapping

import msgspec

from api.prices.params import PriceCreate
from api.prices.requests import all_terms
from ledger.audit.history import PastStreams
from ledger.audit.simulation.changes import Changes, PriceChange, PricesNow, changes_of
from ledger.kernel.errors import InvalidRequest
from ledger.store.event_sourcing import EventSourcedLedger
from projections.customers.rows import CUSTOMERS
from projections.runtime.reader import Reader


class Asked:
    """Gathers price changes, naming each by its parameter."""

    def __init__(self, ledger: EventSourcedLedger) -> None:
        self.prices = PricesNow(PastStreams(ledger))
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
    reader: Reader, customers: Iterable[str], metadata: Mapping[str, str]
) -> tuple[str, ...] | None:
    """The customers that are named, or whose metadata has all these texts; None for everyone.

    Raises InvalidRequest for both, and for a segment of nobody.
    """
    named = tuple(dict.fromkeys(customers))
    if not metadata:
        return named or None
    if named:
        raise InvalidRequest("Name customers or metadata, not both.", param="metadata")
    rows = reader.fetch_rows(
        CUSTOMERS,
        "ledger_id = %(ledger_id)s AND data -> 'personal' -> 'metadata' @> %(metadata)s::jsonb "
        "ORDER BY id",
        {"metadata": msgspec.json.encode(metadata).decode()},
    )
    if not rows:
        raise InvalidRequest("No customer has this metadata.", param="metadata")
    return tuple(row.id for row in rows)
