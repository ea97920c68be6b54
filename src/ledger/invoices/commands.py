"""What is asked of invoices, by people and by the ledger's own schedule."""

from pydantic import AwareDatetime

from ledger.kernel.commands import Command


class ClosePeriod(Command):
    """Close a subscription's period that has ended. Does nothing if it is closed already."""

    subscription: str
    period_end: AwareDatetime


class FinalizeDueInvoice(Command):
    """Finalize a draft whose grace period is over. Does nothing if it is no draft any more."""

    invoice: str


class FinalizeInvoice(Command):
    """Finalize a draft now, at someone's request."""

    invoice: str
    auto_advance: bool | None = None


class PayInvoice(Command):
    """Record that an invoice was paid outside of the ledger."""

    invoice: str
    paid_out_of_band: bool = False


class VoidInvoice(Command):
    invoice: str


class MarkInvoiceUncollectible(Command):
    invoice: str
