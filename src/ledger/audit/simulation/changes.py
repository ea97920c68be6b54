"""Prices in the place of others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger.audit.history import PastStreams, work_at
from ledger.kernel.clock import system_now
from ledger.kernel.errors import InvalidRequest, NotYet
from ledger.prices import aggregate as prices
from ledger.prices.terms import PriceTerms


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A price and what takes its place: another one, or new terms by currency.

    `name` is what a person calls the new terms: an id, or where they came from.
    """

    price: str
    name: str
    terms: Mapping[str, PriceTerms]

    def terms_in(self, currency: str) -> PriceTerms:
        """The new terms in a currency. Raises InvalidRequest where there are none."""
        found = self.terms.get(currency)
        if found is None:
            raise InvalidRequest(
                f"{self.name} has no terms in {currency}, in which {self.price} was billed.",
                param="changes",
            )
        return found


Changes = Mapping[str, PriceChange]
"""By the id of the price that is replaced."""


class KnownPrices:
    """The prices of a ledger as they are now, or were as of a position."""

    def __init__(self, streams: PastStreams, through: int | None = None) -> None:
        self._streams = streams
        self._through = streams.ledger.recorder.head()[0] if through is None else through
        self._work = work_at(streams, self._through, now=system_now())

    def price(self, price_id: str, param: str) -> prices.Price:
        """Raises NotFound, naming the parameter, and NotYet for a price of later."""
        first = next(iter(self._streams.stream(price_id).facts), None)
        if first is not None and first.position > self._through:
            raise NotYet("price", price_id, self._through, first.position, param=param)
        return self._work.require(prices.evolve, price_id, "price", param=param)

    def replaced_by(self, old: str, new: str, *, old_param: str, new_param: str) -> PriceChange:
        """One price in the place of another. Raises NotFound, and InvalidRequest where one is
        metered and the other is not."""
        before, after = self.price(old, old_param), self.price(new, new_param)
        _check_alike(old, before.terms, new, after.terms, new_param)
        terms = {after.terms.currency: after.terms, **after.details.currency_options}
        return PriceChange(old, new, terms)

    def replaced_by_terms(
        self, old: str, name: str, terms: Iterable[PriceTerms], *, param: str
    ) -> PriceChange:
        """Terms in the place of a price, billed as often as that and on its meter. Raises
        NotFound."""
        recurring = self.price(old, param).terms.recurring
        kept = [one.model_copy(update={"recurring": recurring}) for one in terms]
        return PriceChange(old, name, {one.currency: one for one in kept})


def _check_alike(old: str, before: PriceTerms, new: str, after: PriceTerms, param: str) -> None:
    if before.is_metered != after.is_metered:
        kind = "metered" if before.is_metered else "not metered"
        raise InvalidRequest(f"{old} is {kind}, but {new} is not like it.", param=param)


def changes_of(asked: Iterable[PriceChange]) -> Changes:
    """The changes by price. Raises InvalidRequest for none, or for two of one price."""
    found: dict[str, PriceChange] = {}
    for one in asked:
        if one.price in found:
            raise InvalidRequest(f"{one.price} is replaced more than once.", param="changes")
        found[one.price] = one
    if not found:
        raise InvalidRequest("Say which price is replaced, and by what.", param="changes")
    return found
