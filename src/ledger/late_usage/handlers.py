"""Commands on late usage: load, decide, append."""

from dataclasses import dataclass

from ledger.customers import aggregate as customers
from ledger.customers.handlers import customer_now
from ledger.invoices.ingredients import UsageReaders
from ledger.kernel.ids import derived_id
from ledger.late_usage.aggregate import Accounted
from ledger.late_usage.billed_lines import (
    BilledLine,
    RatedAgain,
    accounted_for,
    adjustments_stream,
    rate_again,
    require_line,
)
from ledger.late_usage.charging import charge_of
from ledger.late_usage.commands import AdjustLateUsage, ChangeLateUsagePolicy
from ledger.late_usage.events import LateUsageAdjusted, LateUsageChecked
from ledger.late_usage.policy import change_policy, policy_of
from ledger.late_usage.settling import (
    Settlement,
    credit_at_once,
    has_next_invoice,
    invoice_at_once,
    not_billed_because,
    wait_for_next,
)
from ledger.store.work import Handlers, Work


@dataclass(frozen=True, slots=True)
class LateUsageHandlers:
    """The command that needs to read usage."""

    readers: UsageReaders

    def adjust(self, work: Work, command: AdjustLateUsage) -> None:
        """Raises NotFound, and InvalidRequest for a line that is not finalized or not metered."""
        billed = require_line(work, command.invoice, command.line)
        before = accounted_for(work, billed)
        if before.through_position >= command.recorded_at:
            return
        again = rate_again(work, self.readers, billed)
        stream = adjustments_stream(command.line)
        if again.evidence.digest == before.digest:
            work.append(
                stream,
                LateUsageChecked(
                    invoice=command.invoice,
                    line=command.line,
                    through_position=again.through_position,
                ),
            )
            return
        settlement = self._settle(work, billed, before, again)
        work.append(stream, _adjusted(work, billed, before, again, settlement))

    def _settle(
        self, work: Work, billed: BilledLine, before: Accounted, again: RatedAgain
    ) -> Settlement:
        if again.line.amount == before.amount:
            return Settlement("unchanged")
        policy = policy_of(work, billed.customer)
        reason = not_billed_because(work, billed, policy)
        if reason is not None:
            return Settlement("not_billed", reason)
        number = before.adjustments + 1
        charge = charge_of(work, billed, before, again)
        if policy == "next_invoice" and has_next_invoice(work, billed):
            return wait_for_next(work, billed, number, charge)
        below = again.line.amount < before.amount
        credited = credit_at_once(work, billed, number, charge) if below else None
        return credited or invoice_at_once(work, self.readers, billed, number, charge)


def _adjusted(
    work: Work, billed: BilledLine, before: Accounted, again: RatedAgain, settled: Settlement
) -> LateUsageAdjusted:
    draft = billed.invoice.draft
    customer = work.require(customers.evolve, draft.customer, "customer")
    return LateUsageAdjusted(
        id=derived_id("lua", billed.final.id, before.adjustments + 1),
        customer=draft.customer,
        subscription=draft.subscription,
        invoice=billed.invoice_id,
        line=billed.final.id,
        meter=billed.meter,
        price=billed.price,
        period=billed.drafted.period,
        currency=draft.currency,
        quantity_before=before.quantity,
        quantity_after=again.line.quantity,
        amount=again.line.amount - before.amount,
        through_position=again.through_position,
        evidence=again.evidence,
        engine_version=billed.issued.engine_version,
        price_version=again.price_version,
        outcome=settled.outcome,
        reason=settled.reason,
        invoice_item=settled.invoice_item,
        document=settled.document,
        adjusted_at=customer_now(work, customer),
        test_clock=draft.test_clock,
        livemode=draft.livemode,
    )


def handlers(readers: UsageReaders) -> Handlers:
    """The handlers, given who reads usage."""
    return {
        AdjustLateUsage: LateUsageHandlers(readers).adjust,
        ChangeLateUsagePolicy: change_policy,
    }
