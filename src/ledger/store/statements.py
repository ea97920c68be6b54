"""The SQL of the event store. Every statement names its ledger first."""

from typing import LiteralString

# The head row is locked by the first part and stays so until the commit: positions are
# contiguous and their order is the order of commits.
APPEND: LiteralString = """
WITH head AS (
    INSERT INTO ledger.heads AS h (ledger_id, position, catalog_position)
    VALUES (%(ledger)s, %(count)s, coalesce(%(catalog)s::bigint, 0))
    ON CONFLICT (ledger_id) DO UPDATE SET
        position = h.position + %(count)s,
        catalog_position = coalesce(h.position + %(catalog)s::bigint, h.catalog_position)
    RETURNING h.position - %(count)s AS base
), stored AS (
    INSERT INTO ledger.events
        (ledger_id, originator_id, originator_version, topic, position, state)
    SELECT %(ledger)s, e.id, e.version, e.topic, head.base + e.ordinal, e.state
    FROM head, unnest(%(ids)b::text[], %(versions)b::bigint[], %(topics)b::text[],
        %(states)b::bytea[]) WITH ORDINALITY AS e (id, version, topic, state, ordinal)
)
SELECT base FROM head
"""

# One call, one transaction: see migrations/0002_append_usage.sql.
APPEND_USAGE: LiteralString = """
SELECT ledger.append_usage(%(ledger_id)s::integer, %(stream)s::text, %(topic)s::text, %(state)b,
    %(keys)b, %(fingerprints)b, %(claims)b, %(hashes)b, %(created)b, %(statuses)b, %(bodies)b,
    %(validated_at)s::bigint, %(disturbing)b) AS position
"""

SELECT_USAGE_KEYS: LiteralString = """
SELECT key, fingerprint, position, ordinal FROM ledger.usage_keys
WHERE ledger_id = %(ledger)s AND key = ANY(%(keys)b::uuid[])
"""

# OFFSET 0 keeps each stream a search of its own, whatever the planner thinks of the whole.
MOVED_STREAMS: LiteralString = """
SELECT known.id FROM unnest(%(ids)b::text[], %(versions)b::bigint[]) AS known (id, version)
CROSS JOIN LATERAL (
    SELECT FROM ledger.events
    WHERE ledger_id = %(ledger)s AND originator_id = known.id
      AND originator_version > known.version
      AND (%(before)s::bigint IS NULL OR position <= %(before)s)
    LIMIT 1 OFFSET 0) AS newer
"""

SELECT_STREAMS: LiteralString = """
SELECT e.* FROM unnest(%(ids)b::text[], %(versions)b::bigint[]) AS known (id, version)
CROSS JOIN LATERAL (
    SELECT originator_id, originator_version, topic, position, state FROM ledger.events
    WHERE ledger_id = %(ledger)s AND originator_id = known.id
      AND originator_version > known.version
    ORDER BY originator_version OFFSET 0) AS e
"""

CLAIM_IDEMPOTENCY_KEY: LiteralString = """
INSERT INTO ledger.idempotency_keys (ledger_id, key, request_hash, position, created_at)
VALUES (%(ledger)s, %(key)s, %(hash)s, %(position)s, %(created_at)s)
ON CONFLICT DO NOTHING
"""

SELECT_CLAIMED_KEYS: LiteralString = """
SELECT key FROM ledger.idempotency_keys
WHERE ledger_id = %(ledger)s AND key = ANY(%(keys)b::text[])
"""

FIND_CLAIM: LiteralString = """
SELECT position FROM ledger.idempotency_keys
WHERE ledger_id = %(ledger)s AND key = %(key)s AND request_hash = %(hash)s
  AND created_at = %(created_at)s
"""

SELECT_ONE: LiteralString = """
SELECT position, topic, state FROM ledger.events
WHERE ledger_id = %(ledger)s AND originator_id = %(id)s AND originator_version = %(version)s
"""

_STREAM: LiteralString = """
SELECT originator_id, originator_version, topic, position, state FROM ledger.events
WHERE ledger_id = %(ledger)s AND originator_id = %(id)s
  AND (%(gt)s::bigint IS NULL OR originator_version > %(gt)s)
  AND (%(lte)s::bigint IS NULL OR originator_version <= %(lte)s)
ORDER BY originator_version
"""
SELECT_STREAM: LiteralString = _STREAM + " LIMIT %(limit)s"
SELECT_STREAM_DESC: LiteralString = _STREAM + " DESC LIMIT %(limit)s"

SELECT_LOG: LiteralString = """
SELECT originator_id, originator_version, topic, position, state FROM ledger.events
WHERE ledger_id = %(ledger)s AND position > %(after)s
  AND (%(stop)s::bigint IS NULL OR position <= %(stop)s)
  AND (%(topics)s::text[] IS NULL OR topic = ANY(%(topics)s))
ORDER BY position LIMIT %(limit)s
"""

# The sizes are known without reading the states themselves.
SELECT_LOG_BY_SIZE: LiteralString = """
SELECT originator_id, originator_version, topic, position, state FROM (
    SELECT originator_id, originator_version, topic, position, state,
        sum(octet_length(state)) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING)
            - octet_length(state) AS before
    FROM ledger.events
    WHERE ledger_id = %(ledger)s AND position > %(after)s
      AND (%(stop)s::bigint IS NULL OR position <= %(stop)s)
    ORDER BY position LIMIT %(limit)s) AS page
WHERE before < %(max_bytes)s ORDER BY position
"""

SELECT_CATALOG: LiteralString = """
SELECT originator_id, originator_version, topic, position, state FROM ledger.events
WHERE ledger_id = %(ledger)s AND position > %(after)s
  AND (%(stop)s::bigint IS NULL OR position <= %(stop)s)
  AND topic NOT LIKE 'usage.%%'
ORDER BY position LIMIT %(limit)s
"""

SELECT_OTHER: LiteralString = """
SELECT originator_id, originator_version, topic, position, state FROM ledger.events
WHERE ledger_id = %(ledger)s AND position > %(after)s
  AND (%(stop)s::bigint IS NULL OR position <= %(stop)s)
  AND topic <> ALL(%(topics)s::text[])
ORDER BY position LIMIT %(limit)s
"""

SELECT_PLACES: LiteralString = """
SELECT originator_id, position FROM ledger.events
WHERE ledger_id = %(ledger)s AND position > %(after)s
  AND topic = ANY(%(topics)s) AND topic NOT LIKE 'usage.%%'
ORDER BY position LIMIT %(limit)s
"""

SELECT_HEAD: LiteralString = """
SELECT position, catalog_position FROM ledger.heads WHERE ledger_id = %(ledger)s
"""
