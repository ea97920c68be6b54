"""Refusals of meters, products, customers and test clocks."""

from tests.bad_input.scene import Refused

METER = "display_name=A&event_name=dimensioned&default_aggregation[formula]=max"
DIMENSION = "dimension_payload_keys"

CATALOGUE = [
    Refused(
        "POST /v1/billing/meters",
        "display_name=A&event_name=$event&default_aggregation[formula]=sum",
        "already exists",
        "event_name",
    ),
    Refused(
        "POST /v1/billing/meters/$meter",
        "event_name=b",
        "unknown parameter",
        "event_name",
        "parameter_unknown",
    ),
    *(
        Refused("POST /v1/billing/meters", f"{METER}&{fields}", why, param)
        for fields, why, param in (
            ("dimension_payload_keys[0]=value", "payload key of the value", f"{DIMENSION}[0]"),
            (
                "dimension_payload_keys[]=a&dimension_payload_keys[]=stripe_customer_id",
                "payload key of the customer",
                f"{DIMENSION}[1]",
            ),
            (
                "dimension_payload_keys[]=a&dimension_payload_keys[]=a",
                "'a' is given twice",
                f"{DIMENSION}[1]",
            ),
            ("&".join(f"{DIMENSION}[{n}]=k{n}" for n in range(11)), "at most 10", DIMENSION),
            (f"{DIMENSION}[0]=$long", "100 characters", f"{DIMENSION}[0]"),
            (f"{DIMENSION}=model", "must be a list", DIMENSION),
        )
    ),
    Refused("POST /v1/billing/meters/$inactive_meter/deactivate", "", "already"),
    # products
    Refused("DELETE /v1/products/$product", "", "price"),
    Refused(
        "POST /v1/products/$product",
        "default_price=price_none",
        "No such price",
        "default_price",
        "resource_missing",
    ),
    # customers
    Refused(
        "POST /v1/customers",
        "test_clock=clock_none",
        "No such test clock: 'clock_none'",
        "test_clock",
        "resource_missing",
    ),
    Refused("POST /v1/customers", "invoice_prefix=ab", "uppercase", "invoice_prefix"),
    Refused(
        "POST /v1/customers/$gone",
        "name=a",
        "No such customer",
        code="resource_missing",
        status=404,
    ),
    Refused(
        "DELETE /v1/customers/$gone", "", "No such customer", code="resource_missing", status=404
    ),
    # test clocks
    Refused(
        "POST /v1/test_helpers/test_clocks/$clock/advance",
        "frozen_time=$too_old",
        "only goes forward",
        "frozen_time",
    ),
    Refused(
        "POST /v1/test_helpers/test_clocks/$clock/advance",
        "frozen_time=1800000000",
        "two intervals",
        "frozen_time",
    ),
    Refused(
        "POST /v1/test_helpers/test_clocks", "frozen_time=99999999999999", "Invalid", "frozen_time"
    ),
]
