"""The curl commands of the usage-based billing guide, as they stand there but for URL, key, ids."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.served import Served
from tests.support.stripe_shape import problems

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@dataclass
class Terminal:
    """Runs the guide's commands with its base URL and key replaced."""

    base_url: str
    key: str

    def run(self, command: str) -> dict[str, Any]:
        """The answer of a command; `$B` stands for the base URL and `$K` for the key."""
        told = command.replace("$B", self.base_url).replace("$K", self.key)
        done = subprocess.run(
            ["bash", "-c", told], capture_output=True, text=True, check=True, timeout=30
        )
        answer = json.loads(done.stdout)
        assert "error" not in answer, answer
        return answer


@pytest.fixture(scope="module")
def terminal(served: Served) -> Terminal:
    return Terminal(served.base_url, served.new_key().key)


def test_the_guide_from_meter_to_preview(terminal: Terminal) -> None:
    meter = terminal.run(
        'curl $B/v1/billing/meters -u "$K:" -d "display_name=Hypernian tokens"'
        ' -d event_name=hypernian_tokens -d "default_aggregation[formula]=sum"'
        ' -d "customer_mapping[event_payload_key]=stripe_customer_id"'
        ' -d "customer_mapping[type]=by_id" -d "value_settings[event_payload_key]=value"'
    )
    assert (meter["display_name"], problems(meter, "billing.Meter")) == ("Hypernian tokens", [])
    price = terminal.run(
        'curl $B/v1/prices -u "$K:" -d currency=usd -d unit_amount=4 -d billing_scheme=per_unit'
        ' -d "transform_quantity[divide_by]=100" -d "transform_quantity[round]=up"'
        ' -d "recurring[usage_type]=metered" -d "recurring[interval]=month"'
        f' -d "recurring[meter]={meter["id"]}" -d "product_data[name]=Hypernian tokens"'
    )
    assert problems(price, "Price") == []
    customer = terminal.run('curl $B/v1/customers -u "$K:" -d "name=John Doe"')
    assert (customer["name"], problems(customer, "Customer")) == ("John Doe", [])
    subscription = terminal.run(
        f'curl $B/v1/subscriptions -u "$K:" -d customer={customer["id"]}'
        f' -d "items[0][price]={price["id"]}"'
    )
    assert problems(subscription, "Subscription") == []
    event = terminal.run(
        'curl $B/v1/billing/meter_events -u "$K:" -d event_name=hypernian_tokens'
        f' -d "payload[stripe_customer_id]={customer["id"]}" -d "payload[value]=25"'
    )
    assert problems(event, "billing.MeterEvent") == []
    preview = terminal.run(
        f'curl $B/v1/invoices/create_preview -u "$K:" -d subscription={subscription["id"]}'
    )
    assert (preview["total"], problems(preview, "Invoice")) == (4, [])
    minute = event["timestamp"] // 60 * 60
    summaries = terminal.run(
        f'curl -G $B/v1/billing/meters/{meter["id"]}/event_summaries -u "$K:"'
        f" -d customer={customer['id']} -d start_time={minute} -d end_time={minute + 60}"
    )
    assert [summary["aggregated_value"] for summary in summaries["data"]] == [25]
    assert problems(summaries, "list:billing.MeterEventSummary") == []


def test_the_quick_start(terminal: Terminal) -> None:
    """Its meter and price are made as the guide does it in the dashboard: beforehand."""
    meter = terminal.run(
        'curl $B/v1/billing/meters -u "$K:" -d "display_name=Alpaca AI tokens"'
        ' -d event_name=alpaca_ai_tokens -d "default_aggregation[formula]=sum"'
    )
    price = terminal.run(
        'curl $B/v1/prices -u "$K:" -d currency=usd -d unit_amount=4'
        ' -d "transform_quantity[divide_by]=1000" -d "transform_quantity[round]=up"'
        ' -d "recurring[usage_type]=metered" -d "recurring[interval]=month"'
        f' -d "recurring[meter]={meter["id"]}" -d "product_data[name]=Alpaca AI tokens"'
    )
    customer = terminal.run('curl $B/v1/customers -u "$K:" -d "name=John Doe"')
    subscription = terminal.run(
        f'curl $B/v1/subscriptions -u "$K:" -d customer={customer["id"]}'
        f' -d "items[0][price]={price["id"]}" -d "expand[0]=pending_setup_intent"'
    )
    assert subscription["pending_setup_intent"] is None
    assert problems(subscription, "Subscription") == []
    event = terminal.run(
        'curl $B/v1/billing/meter_events -u "$K:" -d event_name=alpaca_ai_tokens'
        f' -d "payload[value]=25" -d "payload[stripe_customer_id]={customer["id"]}"'
    )
    assert event["payload"] == {"value": "25", "stripe_customer_id": customer["id"]}
