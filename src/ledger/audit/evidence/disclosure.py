"""Which events of the log a pack shows, and which it represents by a digest alone.

A pack goes to one customer's auditor and holds no other customer's data. Shown are events of the
customer's own streams and of the catalogue that everybody buys from. An event that ties the
catalogue to something else, or that speaks of another customer, is represented by the digest of
its content: its place in the log can be checked, and nothing can be read.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from eventsourcing.persistence import Notification

from ledger.store.mapper import inflate

_OWN: Final = frozenset(
    {
        "credit_note",
        "customer",
        "invoice",
        "invoice_item",
        "invoice_number",
        "late_usage",
        "late_usage_policy",
        "meter_event",
        "pending_invoice_items",
        "subscription",
    }
)
"""First words of the topics of a customer's own streams."""

_CATALOGUE: Final = frozenset(
    {
        "coupon.changed",
        "coupon.created",
        "coupon.deleted",
        "meter.created",
        "meter.deactivated",
        "meter.reactivated",
        "meter.renamed",
        "price.created",
        "price.details_changed",
        "product.created",
        "product.deleted",
        "product.details_changed",
        "tax_rate.created",
        "tax_rate.details_changed",
    }
)
"""Topics of the catalogue without their versions. Not among them: who redeemed a coupon, who lives
on a test clock, and the other prices of a product, which may be one customer's own."""

_CUSTOMER: Final = re.compile(rb"(?<![0-9A-Za-z])cus_[0-9A-Za-z_]+")


class ShownEvent(NamedTuple):
    """An event as it is stored. `content` is the SHA-256 of the state in hex; `state` is None where
    the pack does not show it."""

    position: int
    stream: str
    version: int
    topic: str
    content: str
    state: str | None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What may be shown to those who look at one customer's invoice.

    The events of the streams in `always` are shown whatever they say, as they are the invoice.
    """

    customer: str
    always: frozenset[str]

    def of(self, stored: Iterable[Notification]) -> Iterator[ShownEvent]:
        """The events as a pack has them."""
        for one in stored:
            state = inflate(one.state)
            shown = self.may_show(str(one.originator_id), one.topic, state)
            yield ShownEvent(
                position=one.id,
                stream=str(one.originator_id),
                version=one.originator_version,
                topic=one.topic,
                content=hashlib.sha256(state).hexdigest(),
                state=state.decode() if shown else None,
            )

    def may_show(self, stream: str, topic: str, state: bytes) -> bool:
        """Whether the whole of an event may be read."""
        if stream in self.always:
            return True
        kind = topic.rpartition(".v")[0]
        if kind not in _CATALOGUE and kind.partition(".")[0] not in _OWN:
            return False
        return self.names_only_own(state)

    def names_only_own(self, content: bytes) -> bool:
        """Whether no other customer is named."""
        own = self.customer.encode()
        return all(found == own for found in _CUSTOMER.findall(content))
