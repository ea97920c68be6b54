"""The tables of a pack as a SQLite file. What they say is what the pack's files say."""

from typing import Final

TABLES: Final = {
    "invoice": """
        id text PRIMARY KEY, number text NOT NULL, customer text NOT NULL, subscription text,
        billing_reason text NOT NULL, currency text NOT NULL, livemode integer NOT NULL,
        period_start text NOT NULL, period_end text NOT NULL, finalized_at text NOT NULL,
        due_date text, subtotal integer NOT NULL, discount_total integer NOT NULL,
        tax_exclusive integer NOT NULL, tax_inclusive integer NOT NULL, total integer NOT NULL,
        starting_balance integer NOT NULL, ending_balance integer NOT NULL,
        amount_due integer NOT NULL, through_position integer NOT NULL,
        engine_version integer NOT NULL, document_sha256 text NOT NULL, document text NOT NULL
    """,
    "lines": """
        id text PRIMARY KEY, invoice text NOT NULL REFERENCES invoice, number integer NOT NULL,
        kind text NOT NULL, product text, price text, price_version integer, meter text,
        subscription_item text, invoice_item text, period_start text NOT NULL,
        period_end text NOT NULL, quantity text NOT NULL, amount integer NOT NULL,
        meter_events integer, usage_digest text
    """,
    "steps": """
        line text NOT NULL REFERENCES lines, step integer NOT NULL, model text NOT NULL,
        quantity text NOT NULL, unit_amount text NOT NULL, flat_amount text NOT NULL,
        amount text NOT NULL, above text, up_to text, PRIMARY KEY (line, step)
    """,
    "line_discounts": """
        line text NOT NULL REFERENCES lines, discount text NOT NULL, amount integer NOT NULL,
        PRIMARY KEY (line, discount)
    """,
    "line_taxes": """
        line text NOT NULL REFERENCES lines, tax_rate text NOT NULL, amount integer NOT NULL,
        taxable_amount integer NOT NULL, inclusive integer NOT NULL, reason text NOT NULL,
        PRIMARY KEY (line, tax_rate)
    """,
    "checkpoint": """
        size integer PRIMARY KEY, root text NOT NULL, note text NOT NULL, public_key text NOT NULL
    """,
    "events": """
        position integer PRIMARY KEY, stream text NOT NULL, version integer NOT NULL,
        topic text NOT NULL, recorded_at text, actor text, request_id text, content text NOT NULL,
        data text, metadata text, checkpoint integer NOT NULL REFERENCES checkpoint (size)
    """,
    "usage_events": """
        position integer PRIMARY KEY, topic text NOT NULL, backfill text,
        records integer NOT NULL, root text NOT NULL, metadata_sha256 text NOT NULL,
        checkpoint integer NOT NULL REFERENCES checkpoint (size)
    """,
    "meter_events": """
        position integer NOT NULL REFERENCES usage_events, ordinal integer NOT NULL,
        identifier text NOT NULL, meter text NOT NULL, customer text NOT NULL,
        timestamp text NOT NULL, value text, payload text NOT NULL,
        PRIMARY KEY (position, ordinal)
    """,
    "counted": """
        line text NOT NULL REFERENCES lines, position integer NOT NULL, ordinal integer NOT NULL,
        PRIMARY KEY (line, position, ordinal),
        FOREIGN KEY (position, ordinal) REFERENCES meter_events
    """,
    "proofs": """
        usage_event integer REFERENCES usage_events, place integer NOT NULL, hash text NOT NULL,
        UNIQUE (usage_event, place)
    """,
    "files": "name text PRIMARY KEY, bytes integer NOT NULL, sha256 text NOT NULL",
}
"""Columns by table, in the order in which they are filled. Amounts are minor units; decimals and
times are text. `counted` says which meter events each line counted. `proofs` with a `usage_event`
prove its records, those without one all events."""
