"""One holder at a time, and none for longer than it lives."""

from datetime import timedelta

from api.services import Services
from ledger.kernel.clock import system_now
from projections.runtime.leases import LEASE, Lease


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
