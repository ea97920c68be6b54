"""Commands on meters: load, decide, append."""

from ledger.kernel.errors import NotFound
from ledger.kernel.events import DomainEvent
from ledger.meters import aggregate
from ledger.meters.commands import CreateMeter, DeactivateMeter, ReactivateMeter, RenameMeter
from ledger.meters.events import EventNameClaimed, MeterCreated
from ledger.store.work import Handlers, Work


def create_meter(work: Work, command: CreateMeter) -> None:
    aggregate.check_dimensions(
        command.dimension_payload_keys, command.customer_key, command.value_key
    )
    claim = f"meter_event_name:{command.event_name}"
    if work.load(_claimed, claim) is not None:
        raise aggregate.name_is_taken(command.event_name)
    work.append(claim, EventNameClaimed(meter=command.meter))
    work.append(
        command.meter,
        MeterCreated(
            display_name=command.display_name,
            event_name=command.event_name,
            formula=command.formula,
            customer_key=command.customer_key,
            value_key=command.value_key,
            event_time_window=command.event_time_window,
            dimension_payload_keys=command.dimension_payload_keys,
            livemode=work.ledger.livemode,
            created=work.now,
        ),
    )


def rename_meter(work: Work, command: RenameMeter) -> None:
    event = aggregate.rename(_meter(work, command.meter), command.display_name, work.now)
    if event is not None:
        work.append(command.meter, event)


def deactivate_meter(work: Work, command: DeactivateMeter) -> None:
    meter = _meter(work, command.meter)
    work.append(command.meter, aggregate.deactivate(meter, work.now))


def reactivate_meter(work: Work, command: ReactivateMeter) -> None:
    meter = _meter(work, command.meter)
    work.append(command.meter, aggregate.reactivate(meter, work.now))


def _meter(work: Work, meter_id: str) -> aggregate.Meter:
    if not meter_id.startswith("mtr_"):
        raise NotFound("billing meter", meter_id)
    return work.require(aggregate.evolve, meter_id, "billing meter")


def _claimed(_: bool | None, __: DomainEvent) -> bool:
    return True


HANDLERS: Handlers = {
    CreateMeter: create_meter,
    RenameMeter: rename_meter,
    DeactivateMeter: deactivate_meter,
    ReactivateMeter: reactivate_meter,
}
