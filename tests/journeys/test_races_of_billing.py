"""A month is billed by everybody at once; `python -m tests.races` runs the same with more."""

from tests.races.billing_race import Race, Settings
from tests.races.race_checks import check
from tests.support.served import Served


def test_closings_finalizations_and_late_usage_at_once_bill_everything_once(
    served: Served,
) -> None:
    settings = Settings(customers=4, actions=60, months=1, clients=12, seed=1)
    race = Race(served, served.new_key().key, settings)
    business = race.run()
    findings = check(served, race, business)
    assert findings.problems == []
    assert findings.invoices == 3 * settings.customers
    assert findings.billed + findings.late == sum(business.events.values())
