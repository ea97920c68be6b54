"""A trace of requests to a language model, as usage: two meter events a row, by token type."""

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ledger.kernel.clock import to_microseconds
from tests.doors.uses import Use

TIME: Final = "TIMESTAMP"
TOKEN_TYPES: Final = {"ContextTokens": "input", "GeneratedTokens": "output"}


def uses_of_trace(path: Path, event_name: str, customer: str, source: str) -> list[Use]:
    """The meter events of a trace, CSV or gzip. `source` begins their identifiers."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        return [
            Use(
                event_name,
                f"{source}:{number}:{token_type}",
                customer,
                time_of(row[TIME]),
                row[column],
                (("token_type", token_type),),
            )
            for number, row in enumerate(csv.DictReader(lines), 2)
            for column, token_type in TOKEN_TYPES.items()
        ]


def time_of(text: str) -> int:
    """Epoch microseconds of a time in UTC with any number of decimals, cut off after six."""
    whole, _, decimals = text.partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return to_microseconds(moment) + int(decimals[:6].ljust(6, "0"))
