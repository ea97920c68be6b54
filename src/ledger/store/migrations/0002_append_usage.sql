-- Usage is appended by one call, which is one transaction: the head, the keys, the event and the
-- idempotency rows of the requests that reported it.
--
-- Gives the position of the event. Gives 0, and leaves nothing behind, when a usage key or an
-- idempotency key was there before; -1 when an event of a topic in `disturbing`, recorded after
-- `validated_at`, may refuse what was valid before it.
--
-- The head row is locked first, so writers of one ledger follow each other, and whatever comes
-- after it in here sees all that was committed before. The version of the usage stream is the
-- position itself.
CREATE FUNCTION ledger.append_usage(
    ledger integer,
    stream text,
    topic text,
    state bytea,
    keys uuid[],
    fingerprints bigint[],
    claims text[],
    hashes bytea[],
    created bigint[],  -- epoch microseconds
    statuses bigint[],
    bodies bytea[],
    validated_at bigint,
    disturbing text[]
) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    place bigint;
    catalog_place bigint;
    written bigint;
BEGIN
    INSERT INTO ledger.heads AS h (ledger_id, position, catalog_position)
    VALUES (append_usage.ledger, 1, 0)
    ON CONFLICT (ledger_id) DO UPDATE SET position = h.position + 1
    RETURNING h.position, h.catalog_position INTO place, catalog_place;

    IF catalog_place > validated_at AND EXISTS (
        SELECT 1 FROM ledger.events AS e
        WHERE e.ledger_id = append_usage.ledger AND e.position > validated_at
          AND e.topic NOT LIKE 'usage.%' AND e.topic = ANY(disturbing))
    THEN
        RAISE SQLSTATE 'TB002';
    END IF;

    INSERT INTO ledger.usage_keys (ledger_id, ordinal, fingerprint, position, key)
    SELECT append_usage.ledger, k.ordinal - 1, k.fingerprint, place, k.key
    FROM unnest(keys, fingerprints) WITH ORDINALITY AS k (key, fingerprint, ordinal)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < cardinality(keys) THEN
        RAISE SQLSTATE 'TB001';
    END IF;

    IF cardinality(claims) > 0 THEN
        INSERT INTO ledger.idempotency_keys
            (ledger_id, key, request_hash, position, created_at, status, sealed_body)
        SELECT append_usage.ledger, c.key, c.hash, place,
            timestamptz 'epoch' + c.created * interval '1 microsecond',
            nullif(c.status, 0), c.sealed_body
        FROM unnest(claims, hashes, created, statuses, bodies)
            AS c (key, hash, created, status, sealed_body)
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written < cardinality(claims) THEN
            RAISE SQLSTATE 'TB001';
        END IF;
    END IF;

    INSERT INTO ledger.events
        (ledger_id, originator_id, originator_version, topic, position, state)
    VALUES (append_usage.ledger, stream, place, append_usage.topic, place, append_usage.state);
    RETURN place;
EXCEPTION
    WHEN SQLSTATE 'TB001' THEN RETURN 0;
    WHEN SQLSTATE 'TB002' THEN RETURN -1;
END;
$$;
