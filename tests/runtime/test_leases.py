"""One holder at a time, and none for longer than it lives."""

from datetime import timedelta

import pytest

from api.services import Services
from ledger.kernel.clock import system_now
from projections.runtime.leases import LEASE, Lease


@pytest.fixture(autouse=True)
def _renewed_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.runtime.leases._RENEW_AFTER_SECONDS", 0)


def test_a_lease_is_held_by_one_until_it_ends(services: Services) -> None:
    now = system_now()
    first = Lease(services.datastore, "projector", "first")
    second = Lease(services.datastore, "projector", "second")
    assert first.take(now)
    assert first.take(now + LEASE / 2)
    assert not second.take(now + LEASE)
    assert second.take(now + 2 * LEASE + timedelta(seconds=1))
    assert not first.take(now + 2 * LEASE + timedelta(seconds=2))


def test_a_released_lease_is_free(services: Services) -> None:
    now = system_now()
    Lease(services.datastore, "scheduler", "first").take(now)
    Lease(services.datastore, "scheduler", "first").release()
    assert Lease(services.datastore, "scheduler", "second").take(now)


def test_a_lease_taken_before_the_clock_was_set_back_is_free(services: Services) -> None:
    now = system_now()
    assert Lease(services.datastore, "projector", "first").take(now + timedelta(hours=1))
    assert Lease(services.datastore, "projector", "second").take(now)


def test_a_lease_is_not_written_again_within_a_third_of_its_time(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.runtime.leases._RENEW_AFTER_SECONDS", 1.0)
    now = system_now()
    held = Lease(services.datastore, "projector", "held")
    assert held.take(now)
    assert held.take(now + LEASE / 2)
    other = Lease(services.datastore, "projector", "other")
    assert other.take(now + LEASE + timedelta(milliseconds=1))
