"""A simulation as CSV: a row for each line of a replaced price."""

import csv
from typing import TextIO

from ledger.audit.simulation.comparing import Simulation

COLUMNS = (
    "customer",
    "currency",
    "invoice",
    "line",
    "period_start",
    "period_end",
    "price",
    "replaced_by",
    "quantity",
    "before",
    "after",
    "difference",
    "fixed",
)
"""Amounts are whole minor units of the currency, before discounts and taxes."""


def write_csv(simulation: Simulation, file: TextIO) -> None:
    """A heading, then the lines in the order of their invoices."""
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS)
    for line in simulation.lines:
        period = (moment.isoformat() for moment in (line.period.start, line.period.end))
        rows.writerow(
            (
                line.customer,
                line.currency,
                line.invoice,
                line.line,
                *period,
                line.price,
                line.replaced_by,
                line.quantity,
                line.before,
                line.after,
                line.difference,
                "yes" if line.fixed else "no",
            )
        )
