"""What is verified apart from all else, and may be in another process: a stretch of the log with
what its usage leads to, or a slice of a large table."""

from collections.abc import Callable, Collection, Iterator
from typing import Final, Literal

import msgspec

from ledger.audit.verifying import usage_keys
from ledger.audit.verifying.findings import LOG, Finding, Findings
from ledger.audit.verifying.moment import Moment
from ledger.audit.verifying.rows import sum_of
from ledger.audit.verifying.walk import StoredUsage, Stretch, described, walk
from projections.audit.verifying import single_rows
from projections.audit.verifying.usage_rows import (
    Bucket,
    Known,
    UsageRows,
    UsageTotals,
    totals_of,
)
from projections.meter_events.singles import singles_of
from projections.runtime.copying import NumericFields

Advance = Callable[[int], None]
"""Called with how many positions were walked."""

Side = Literal["keys", "singles"]
"""Usage keys, or the rows of single meter events."""

_WAITING_RECORDS: Final = 50_000
"""So many records are added up at once: the more, the less work for each."""


class Slice(msgspec.Struct, frozen=True):
    """Rows of one of the large tables: all of a relation, or those in some of its blocks."""

    side: Side
    relation: str
    blocks: tuple[int, int] | None = None

    def query(self, ledger_id: int, kept_from: int) -> str:
        """Selects them."""
        text = usage_keys.QUERY if self.side == "keys" else single_rows.QUERY
        within = sign = ""
        if self.blocks is not None:
            first, past = self.blocks
            within = f"AND ctid >= '({first},0)' AND ctid < '({past},0)'"
            # No index has a column with a sign: before the table is analyzed, PostgreSQL would look
            # all of its rows up in one, for each slice.
            sign = "+"
        return text.format(
            relation=self.relation, ledger=ledger_id, since=kept_from, within=within, sign=sign
        )


class StretchTotals(msgspec.Struct):
    """What a stretch of the log comes to: leaves in order, the sum of its key rows, and its
    usage."""

    stretch: Stretch
    leaves: bytes
    events: int
    records: int
    keys: int
    usage: UsageTotals
    findings: list[Finding]


class Verifying:
    """Looks at one ledger as of one moment."""

    def __init__(
        self, moment: Moment, ledger_id: int, known: Known, finer: Collection[Bucket]
    ) -> None:
        self.moment = moment
        self.ledger_id = ledger_id
        self.known = known
        self._finer = finer

    def stretch(self, stretch: Stretch, advance: Advance) -> StretchTotals:
        """Walk a stretch of the log."""
        findings = Findings()
        usage, leaves = UsageRows(self.known, self._finer), list[bytes]()
        waiting: list[StoredUsage] = []
        events = records = keys = unread = 0
        for page in walk(self.moment, self.ledger_id, stretch, findings):
            leaves += [walked.leaf for walked in page]
            for found in page:
                if found.usage is not None:
                    keys += sum_of(self._keys(found.usage, findings))
                    waiting.append(found.usage)
                    unread += len(found.usage.records)
                    records += len(found.usage.records)
            events += len(page)
            if unread >= _WAITING_RECORDS:
                usage.take(waiting, findings)
                waiting, unread = [], 0
            advance(len(page))
        usage.take(waiting, findings)
        totals = totals_of(usage)
        return StretchTotals(
            stretch, b"".join(leaves), events, records, keys, totals, findings.found
        )

    def slice_sum(self, part: Slice) -> int:
        """The sum of the rows of a slice."""
        return sum_of(self.slice_rows(part))

    def slice_rows(self, part: Slice) -> Iterator[bytes]:
        """The rows of a slice."""
        return self.moment.copied(part.query(self.ledger_id, self.known.kept_from))

    def expected_rows(self, side: Side, stretch: Stretch) -> Iterator[bytes]:
        """The rows that a stretch of the log leads to, once more; what is wrong with it was
        found."""
        again = Findings()
        for page in walk(self.moment, self.ledger_id, stretch, again):
            for found in page:
                if found.usage is not None:
                    yield from self._rows(side, found.usage, again)

    def _rows(self, side: Side, usage: StoredUsage, findings: Findings) -> list[bytes]:
        if side == "keys":
            return self._keys(usage, findings)
        if usage.position > self.known.reached:
            return []
        counted = UsageRows(self.known, ())
        try:
            singles = singles_of([(usage.position, usage.records)])
            return list(single_rows.single_rows(counted.kept(singles), NumericFields()))
        except Exception:  # noqa: BLE001 - it was found before
            return []

    def _keys(self, usage: StoredUsage, findings: Findings) -> list[bytes]:
        identifiers = [record[0] for record in usage.records]
        try:
            return usage_keys.key_rows(usage.position, usage.content.records, identifiers)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with stored bytes is a finding
            findings.add(LOG, f"its identifiers cannot be read: {described(error)}", usage.position)
            return []
