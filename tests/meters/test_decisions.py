"""What may be done to a meter, and which facts come of it."""

from datetime import timedelta

import pytest

from ledger.kernel.errors import NotFound
from ledger.meters.commands import CreateMeter, DeactivateMeter, ReactivateMeter, RenameMeter
from ledger.meters.events import (
    EventNameClaimed,
    MeterCreated,
    MeterDeactivated,
    MeterReactivated,
    MeterRenamed,
)
from ledger.meters.handlers import (
    create_meter,
    deactivate_meter,
    reactivate_meter,
    rename_meter,
)
from tests.support.given_when_then import NOW, LedgerInMemory

METER = "mtr_test_1"
CREATED = CreateMeter(meter=METER, display_name="Tokens", event_name="tokens", formula="sum")


def with_a_meter() -> LedgerInMemory:
    ledger = LedgerInMemory()
    ledger.when(create_meter, CREATED)
    return ledger


def test_creating_one_claims_its_event_name() -> None:
    facts = LedgerInMemory().when(create_meter, CREATED)
    assert facts == [
        ("meter_event_name:tokens", EventNameClaimed(meter=METER)),
        (
            METER,
            MeterCreated(
                display_name="Tokens",
                event_name="tokens",
                formula="sum",
                customer_key="stripe_customer_id",
                value_key="value",
                event_time_window=None,
                dimension_payload_keys=(),
                livemode=False,
                created=NOW,
            ),
        ),
    ]


def test_dimensions_are_kept_as_they_are_declared() -> None:
    asked = CREATED.model_copy(update={"dimension_payload_keys": ("model", "region")})
    [_, (_, created)] = LedgerInMemory().when(create_meter, asked)
    assert isinstance(created, MeterCreated)
    assert created.dimension_payload_keys == ("model", "region")


@pytest.mark.parametrize(
    ("keys", "param", "why"),
    [
        (tuple(f"k{n}" for n in range(11)), "dimension_payload_keys", "at most 10"),
        (("model", "region", "model"), "dimension_payload_keys[2]", "'model' is given twice"),
        (("model", "value"), "dimension_payload_keys[1]", "key of the value"),
        (("stripe_customer_id",), "dimension_payload_keys[0]", "key of the customer"),
        (("model", ""), "dimension_payload_keys[1]", "1 to 100 characters"),
        (("m" * 101,), "dimension_payload_keys[0]", "1 to 100 characters"),
    ],
)
def test_dimensions_that_cannot_be(keys: tuple[str, ...], param: str, why: str) -> None:
    asked = CREATED.model_copy(update={"dimension_payload_keys": keys})
    refusal = LedgerInMemory().refusal(create_meter, asked)
    assert refusal.param == param
    assert why in refusal.message


def test_an_event_name_belongs_to_one_meter_even_an_inactive_one() -> None:
    ledger = with_a_meter()
    second = CREATED.model_copy(update={"meter": "mtr_test_2"})
    assert ledger.refusal(create_meter, second).param == "event_name"
    ledger.when(deactivate_meter, DeactivateMeter(meter=METER))
    assert "already exists" in ledger.refusal(create_meter, second).message


def test_it_rests_and_works_again() -> None:
    ledger = with_a_meter()
    later = NOW + timedelta(hours=1)
    assert ledger.when(deactivate_meter, DeactivateMeter(meter=METER), now=later) == [
        (METER, MeterDeactivated(deactivated_at=later))
    ]
    assert "already" in ledger.refusal(deactivate_meter, DeactivateMeter(meter=METER)).message
    assert ledger.when(reactivate_meter, ReactivateMeter(meter=METER), now=later) == [
        (METER, MeterReactivated(reactivated_at=later))
    ]
    assert "already" in ledger.refusal(reactivate_meter, ReactivateMeter(meter=METER)).message


def test_its_name_changes_once() -> None:
    ledger = with_a_meter()
    renamed = RenameMeter(meter=METER, display_name="Words")
    assert ledger.when(rename_meter, renamed) == [
        (METER, MeterRenamed(display_name="Words", renamed_at=NOW))
    ]
    assert ledger.when(rename_meter, renamed) == []
    assert ledger.when(rename_meter, RenameMeter(meter=METER, display_name=None)) == []


def test_what_is_not_there_cannot_be_changed() -> None:
    ledger = with_a_meter()
    for meter in ("mtr_test_2", "meter_event_name:tokens", "cus_1"):
        assert isinstance(ledger.refusal(deactivate_meter, DeactivateMeter(meter=meter)), NotFound)
