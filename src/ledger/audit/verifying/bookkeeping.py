"""What the store keeps about a log beside its events: streams, head, idempotency keys."""

from typing import Final, LiteralString

from ledger.audit.verifying.findings import HEADS, LOG, Findings
from ledger.audit.verifying.moment import Moment
from ledger.store.usage import STREAM

_MOST: Final = 20

# Each step looks up the next ledger: no table is read as a whole.
_LEDGERS: LiteralString = """
WITH RECURSIVE logged AS (
    SELECT min(ledger_id) AS ledger_id FROM ledger.events
    UNION ALL
    SELECT (SELECT min(e.ledger_id) FROM ledger.events AS e WHERE e.ledger_id > l.ledger_id)
    FROM logged AS l WHERE l.ledger_id IS NOT NULL
), keyed AS (
    SELECT min(ledger_id) AS ledger_id FROM ledger.usage_keys
    UNION ALL
    SELECT (SELECT min(k.ledger_id) FROM ledger.usage_keys AS k WHERE k.ledger_id > l.ledger_id)
    FROM keyed AS l WHERE l.ledger_id IS NOT NULL
)
SELECT ledger_id FROM logged WHERE ledger_id IS NOT NULL
UNION SELECT ledger_id FROM keyed WHERE ledger_id IS NOT NULL
UNION SELECT ledger_id FROM ledger.heads
UNION SELECT ledger_id FROM ledger.idempotency_keys
ORDER BY ledger_id
"""

_ENDS: LiteralString = """
SELECT
    (SELECT position FROM ledger.events WHERE ledger_id = %(ledger)s
        ORDER BY position LIMIT 1),
    (SELECT position FROM ledger.events WHERE ledger_id = %(ledger)s
        ORDER BY position DESC LIMIT 1),
    (SELECT position FROM ledger.events WHERE ledger_id = %(ledger)s
        AND topic NOT LIKE 'usage.%%' ORDER BY position DESC LIMIT 1)
"""

_HEADS: LiteralString = """
SELECT position, catalog_position FROM ledger.heads WHERE ledger_id = %(ledger)s
"""

# A version follows the one before it, and stands after it in the log.
_STREAMS: LiteralString = """
SELECT originator_id, originator_version, position, before, before_position FROM (
    SELECT originator_id, originator_version, position,
        lag(originator_version, 1, 0::bigint) OVER versions AS before,
        lag(position, 1, 0::bigint) OVER versions AS before_position
    FROM ledger.events WHERE ledger_id = %(ledger)s AND originator_id <> %(usage)s
    WINDOW versions AS (PARTITION BY originator_id ORDER BY originator_version)) AS placed
WHERE originator_version <> before + 1 OR position <= before_position
ORDER BY position LIMIT %(most)s
"""

# The rows of usage have that stream to themselves.
_STRANGERS: LiteralString = """
SELECT originator_version, position, topic FROM ledger.events
WHERE ledger_id = %(ledger)s AND topic NOT LIKE 'usage.recorded.%%' AND originator_id = %(usage)s
ORDER BY position LIMIT %(most)s
"""

_IDEMPOTENCY: LiteralString = """
SELECT key, position FROM ledger.idempotency_keys
WHERE ledger_id = %(ledger)s AND (position > %(head)s OR position < 0)
ORDER BY position, key LIMIT %(most)s
"""


def ledgers(moment: Moment) -> list[int]:
    """Every ledger that anything is stored of."""
    return [ledger_id for (ledger_id,) in moment.rows(_LEDGERS)]


def last_position(moment: Moment, ledger_id: int) -> int:
    """The last position of the log, or the one that the head says if that is later."""
    _, last, _ = moment.row(_ENDS, ledger=ledger_id)
    heads = moment.rows(_HEADS, ledger=ledger_id)
    return max(last or 0, *(position for position, _ in heads), 0)


def check_bookkeeping(moment: Moment, ledger_id: int, findings: Findings) -> None:
    """Look at all of it."""
    for check in (_check_head, _check_streams, _check_strangers, _check_idempotency):
        check(moment, ledger_id, findings)


def _check_head(moment: Moment, ledger_id: int, findings: Findings) -> None:
    first, last, catalogue = moment.row(_ENDS, ledger=ledger_id)
    heads = moment.rows(_HEADS, ledger=ledger_id)
    head, catalogue_head = heads[0] if heads else (0, 0)
    if first is not None and first < 1:
        findings.add(LOG, "an event stands before the first position", first)
    if head != (last or 0):
        what = f"position is {head}, and the last event stands at {last or 0}"
        findings.add(HEADS, what, min(head, last or 0) + 1)
    if catalogue_head != (catalogue or 0):
        what = f"catalog_position is {catalogue_head}, and the last such event is {catalogue or 0}"
        findings.add(HEADS, what, max(catalogue_head, catalogue or 0))


def _check_streams(moment: Moment, ledger_id: int, findings: Findings) -> None:
    for stream, version, position, before, before_position in moment.rows(
        _STREAMS, ledger=ledger_id, usage=STREAM, most=_MOST
    ):
        what = (
            f"version {version} comes after version {before}"
            if version != before + 1
            else f"version {version} stands before version {before}, at {before_position}"
        )
        findings.add(LOG, f"of stream {stream} {what}", position)


def _check_strangers(moment: Moment, ledger_id: int, findings: Findings) -> None:
    for version, position, topic in moment.rows(
        _STRANGERS, ledger=ledger_id, usage=STREAM, most=_MOST
    ):
        what = f"version {version} of the stream of usage is a {topic}"
        findings.add(LOG, what, position)


def _check_idempotency(moment: Moment, ledger_id: int, findings: Findings) -> None:
    head = last_position(moment, ledger_id)
    for key, position in moment.rows(_IDEMPOTENCY, ledger=ledger_id, head=head, most=_MOST):
        what = f"it was claimed at position {position}, which the log has not reached"
        findings.add("ledger.idempotency_keys", what, None, key)
