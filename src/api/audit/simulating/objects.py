"""A simulation as JSON."""

from typing import Any

from ledger.audit.simulation.comparing import MOVERS, Compared, SimulatedLine, Simulation, Sums
from ledger.kernel.clock import to_epoch


def simulation_object(
    simulation: Simulation, *, livemode: bool, movers: int = MOVERS
) -> dict[str, Any]:
    """Totals and largest movers by currency, every customer, and every line of a replaced price.

    Amounts are minor units. `fixed_lines` counts the lines that stay as they were billed.
    """
    return {
        "object": "simulation",
        "livemode": livemode,
        "changes": [
            {"price": change.price, "replaced_by": change.name}
            for change in simulation.changes.values()
        ],
        "invoices": simulation.invoices,
        "affected_invoices": simulation.affected,
        "fixed_lines": len(simulation.fixed),
        "totals": [
            {
                "currency": currency,
                **_compared(compared),
                "movers": [
                    {"customer": customer, **_compared(moved)}
                    for customer, moved in simulation.movers(currency, movers)
                ],
            }
            for currency, compared in simulation.totals().items()
        ],
        "customers": [
            {"customer": account.customer, "currency": account.currency, **_compared(compared)}
            for account, compared in sorted(simulation.accounts.items())
        ],
        "lines": [line_object(line) for line in simulation.lines],
    }


def line_object(line: SimulatedLine) -> dict[str, Any]:
    """A line of a replaced price: before discounts and taxes."""
    return {
        "customer": line.customer,
        "currency": line.currency,
        "invoice": line.invoice or None,
        "line": line.line or None,
        "period": {"start": to_epoch(line.period.start), "end": to_epoch(line.period.end)},
        "price": line.price or None,
        "replaced_by": line.replaced_by or None,
        "quantity": line.quantity,
        "before": line.before,
        "after": line.after,
        "difference": line.difference,
        "fixed": line.fixed,
    }


def _compared(compared: Compared) -> dict[str, Any]:
    return {
        "before": _sums(compared.before),
        "after": _sums(compared.after),
        "difference": compared.difference,
    }


def _sums(sums: Sums) -> dict[str, int]:
    return sums._asdict()
