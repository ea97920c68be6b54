"""The tables of read models, made under the owner's role."""

from collections.abc import Iterable

import psycopg

from projections.runtime.projection import Projection


def create_tables(owner_url: str, projections: Iterable[Projection]) -> None:
    """Make the tables of every projection that are not there yet."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        for projection in projections:
            for table in projection.tables:
                conn.execute(table.create_statement())
