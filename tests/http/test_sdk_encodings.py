"""Every form encoding that the official SDKs and curl were seen to send."""

import pytest

from api.http.forms import decode_form
from tests.http.form_pairs import pairs_of

PRICE_PAIRS = [
    ("currency", "usd"),
    ("unit_amount", "4"),
    ("billing_scheme", "per_unit"),
    ("transform_quantity[divide_by]", "100"),
    ("transform_quantity[round]", "up"),
    ("recurring[usage_type]", "metered"),
    ("recurring[interval]", "month"),
    ("recurring[meter]", "mtr_test_1"),
    ("product_data[name]", "Hypernian tokens"),
]
PRICE = (
    "currency=usd&unit_amount=4&billing_scheme=per_unit&transform_quantity[divide_by]=100"
    "&transform_quantity[round]=up&recurring[usage_type]=metered&recurring[interval]=month"
    "&recurring[meter]=mtr_test_1&product_data[name]=Hypernian{}tokens"
)
METER_PAIRS = [
    ("display_name", "Hypernian tokens"),
    ("event_name", "hypernian_tokens"),
    ("default_aggregation[formula]", "sum"),
    ("customer_mapping[event_payload_key]", "stripe_customer_id"),
    ("customer_mapping[type]", "by_id"),
    ("value_settings[event_payload_key]", "value"),
]
METER = (
    "display_name=Hypernian{}tokens&event_name=hypernian_tokens&default_aggregation[formula]=sum"
    "&customer_mapping[event_payload_key]=stripe_customer_id&customer_mapping[type]=by_id"
    "&value_settings[event_payload_key]=value"
)
TIERED = (
    "currency=usd&product=prod_1&billing_scheme=tiered&tiers_mode=graduated"
    "&recurring[interval]=month&recurring[usage_type]=metered&recurring[meter]=mtr_test_1"
    "&tiers[0][up_to]=100&tiers[0][unit_amount_decimal]=0.5&tiers[1][up_to]=inf"
    "&tiers[1][unit_amount_decimal]={}&tiers[1][flat_amount]=10&metadata[a]=1"
    "&expand[0]=product&expand[1]=tiers"
)
TIERED_PAIRS = [
    ("currency", "usd"),
    ("product", "prod_1"),
    ("billing_scheme", "tiered"),
    ("tiers_mode", "graduated"),
    ("recurring[interval]", "month"),
    ("recurring[usage_type]", "metered"),
    ("recurring[meter]", "mtr_test_1"),
    ("tiers[0][up_to]", "100"),
    ("tiers[0][unit_amount_decimal]", "0.5"),
    ("tiers[1][up_to]", "inf"),
    ("tiers[1][unit_amount_decimal]", "1E-12"),
    ("tiers[1][flat_amount]", "10"),
    ("metadata[a]", "1"),
    ("expand[0]", "product"),
    ("expand[1]", "tiers"),
]
UPDATE_PAIRS = [
    ("metadata", ""),
    ("default_tax_rates", ""),
    ("cancel_at_period_end", "true"),
    ("items[0][id]", "si_1"),
    ("items[0][metadata][k]", ""),
    ("billing_mode[type]", "flexible"),
]
INVOICE_LIST_PAIRS = [
    ("customer", "page2"),
    ("limit", "1"),
    ("created[gte]", "1"),
    ("expand[0]", "data.customer"),
    ("starting_after", "obj_page1"),
]

SDK_REQUESTS = [
    (METER.format("+"), METER_PAIRS),
    (METER.format("%20"), METER_PAIRS),
    (METER.format(" "), METER_PAIRS),
    (PRICE.format("+"), PRICE_PAIRS),
    (PRICE.format("%20"), PRICE_PAIRS),
    (PRICE.format(" "), PRICE_PAIRS),
    ("name=John+Doe", [("name", "John Doe")]),
    ("name=John%20Doe", [("name", "John Doe")]),
    ("name=John Doe", [("name", "John Doe")]),
    (
        "customer=cus_test_1&items[0][price]=price_test_1&expand[0]=pending_setup_intent",
        [
            ("customer", "cus_test_1"),
            ("items[0][price]", "price_test_1"),
            ("expand[0]", "pending_setup_intent"),
        ],
    ),
    (
        "event_name=alpaca_ai_tokens&payload[value]=25&payload[stripe_customer_id]=cus_test_1",
        [
            ("event_name", "alpaca_ai_tokens"),
            ("payload[value]", "25"),
            ("payload[stripe_customer_id]", "cus_test_1"),
        ],
    ),
    (
        (
            "event_name=tok&payload[stripe_customer_id]=cus_1&payload[value]=25.5&identifier=idem-1"
            "&timestamp=1700000000"
        ),
        [
            ("event_name", "tok"),
            ("payload[stripe_customer_id]", "cus_1"),
            ("payload[value]", "25.5"),
            ("identifier", "idem-1"),
            ("timestamp", "1700000000"),
        ],
    ),
    (
        TIERED.format("1E-12"),
        TIERED_PAIRS,
    ),
    (
        (
            "metadata=&default_tax_rates=&cancel_at_period_end=true&items[0][id]=si_1"
            "&items[0][metadata][k]=&billing_mode[type]=flexible"
        ),
        UPDATE_PAIRS,
    ),
    (
        "event_name=tok&type=cancel&cancel[identifier]=idem-1",
        [("event_name", "tok"), ("type", "cancel"), ("cancel[identifier]", "idem-1")],
    ),
    (
        (
            "customer=cus_1&subscription_details[items][0][price]=price_1"
            "&subscription_details[proration_behavior]=none"
        ),
        [
            ("customer", "cus_1"),
            ("subscription_details[items][0][price]", "price_1"),
            ("subscription_details[proration_behavior]", "none"),
        ],
    ),
    (
        (
            "customer=cus_1&name=n&category=promotional&amount[type]=monetary"
            "&amount[monetary][currency]=usd&amount[monetary][value]=1000"
            "&applicability_config[scope][price_type]=metered"
        ),
        [
            ("customer", "cus_1"),
            ("name", "n"),
            ("category", "promotional"),
            ("amount[type]", "monetary"),
            ("amount[monetary][currency]", "usd"),
            ("amount[monetary][value]", "1000"),
            ("applicability_config[scope][price_type]", "metered"),
        ],
    ),
    (
        (
            "customer=page2&limit=1&created%5Bgte%5D=1&expand%5B0%5D=data.customer"
            "&starting_after=obj_page1"
        ),
        INVOICE_LIST_PAIRS,
    ),
    (
        "customer=page2&limit=1&created[gte]=1&expand[0]=data.customer&starting_after=obj_page1",
        INVOICE_LIST_PAIRS,
    ),
    (
        "customer=cus_1&start_time=1717249380&end_time=1717249440&value_grouping_window=hour",
        [
            ("customer", "cus_1"),
            ("start_time", "1717249380"),
            ("end_time", "1717249440"),
            ("value_grouping_window", "hour"),
        ],
    ),
    ("invoice_now=true&prorate=false", [("invoice_now", "true"), ("prorate", "false")]),
    ("query=name%3A%27Jane+Doe%27", [("query", "name:'Jane Doe'")]),
    ("query=name%3A%27Jane%20Doe%27", [("query", "name:'Jane Doe'")]),
    ("frozen_time=1700000000", [("frozen_time", "1700000000")]),
    ("auto_advance=false", [("auto_advance", "false")]),
    (
        TIERED.format("0.000000000001"),
        [(name, "0.000000000001" if value == "1E-12" else value) for name, value in TIERED_PAIRS],
    ),
    (
        "customer=cus_test_1&items[0][price]=price_test_1",
        [("customer", "cus_test_1"), ("items[0][price]", "price_test_1")],
    ),
    (
        "event_name=hypernian_tokens&payload[stripe_customer_id]=cus_test_1&payload[value]=25",
        [
            ("event_name", "hypernian_tokens"),
            ("payload[stripe_customer_id]", "cus_test_1"),
            ("payload[value]", "25"),
        ],
    ),
    ("subscription=sub_test_1", [("subscription", "sub_test_1")]),
    (
        "customer=cus_test_1&start_time=1717249380&end_time=1717249440",
        [("customer", "cus_test_1"), ("start_time", "1717249380"), ("end_time", "1717249440")],
    ),
    (
        "customer=page2&limit=1&created%5Bgte%5D=1&expand%5B0%5D=data.customer",
        [
            ("customer", "page2"),
            ("limit", "1"),
            ("created[gte]", "1"),
            ("expand[0]", "data.customer"),
        ],
    ),
    ("name=x", [("name", "x")]),
    (
        "currency=usd&product=prod_1&unit_amount_decimal=0.5",
        [("currency", "usd"), ("product", "prod_1"), ("unit_amount_decimal", "0.5")],
    ),
    (
        "metadata=&default_tax_rates=&cancel_at_period_end=true&items[0][id]=si_1&items[0][metadata][k]=",
        [
            ("metadata", ""),
            ("default_tax_rates", ""),
            ("cancel_at_period_end", "true"),
            ("items[0][id]", "si_1"),
            ("items[0][metadata][k]", ""),
        ],
    ),
    (
        "event_name=tok&payload[stripe_customer_id]=cus_1&payload[value]=25&timestamp=1700000000",
        [
            ("event_name", "tok"),
            ("payload[stripe_customer_id]", "cus_1"),
            ("payload[value]", "25"),
            ("timestamp", "1700000000"),
        ],
    ),
    (
        "customer=page2&limit=1&created[gte]=1&expand[0]=data.customer",
        [
            ("customer", "page2"),
            ("limit", "1"),
            ("created[gte]", "1"),
            ("expand[0]", "data.customer"),
        ],
    ),
    (
        "customer=cus_1&start_time=1717249200&end_time=1717252800&value_grouping_window=hour",
        [
            ("customer", "cus_1"),
            ("start_time", "1717249200"),
            ("end_time", "1717252800"),
            ("value_grouping_window", "hour"),
        ],
    ),
]


@pytest.mark.parametrize(("sent", "pairs"), SDK_REQUESTS)
def test_decodes_what_the_sdks_and_curl_send(sent: str, pairs: list[tuple[str, str]]) -> None:
    assert pairs_of(decode_form(sent.encode())) == pairs
