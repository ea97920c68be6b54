"""Refusals of meters, products, prices, customers and test clocks."""

from tests.bad_input.scene import Refused

PRICE = "currency=usd&product=$product"
METER = "display_name=A&event_name=dimensioned&default_aggregation[formula]=max"
DIMENSION = "dimension_payload_keys"
METERED = "recurring[interval]=month&recurring[usage_type]=metered"
TIERED = "billing_scheme=tiered&tiers_mode=volume"

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
    # prices: amounts
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount=4&unit_amount_decimal=4",
        "only specify one of these parameters",
        "unit_amount",
        "parameters_exclusive",
    ),
    Refused(
        "POST /v1/prices",
        PRICE,
        "Missing required param: unit_amount.",
        "unit_amount",
        "parameter_missing",
    ),
    Refused(
        "POST /v1/prices",
        "product=$product&unit_amount=4",
        "Missing required param: currency.",
        "currency",
        "parameter_missing",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount=-1",
        "at least 0",
        "unit_amount",
        "parameter_invalid_integer",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount=1e3",
        "Invalid integer: 1e3",
        "unit_amount",
        "parameter_invalid_integer",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount_decimal=NaN",
        "Invalid decimal",
        "unit_amount_decimal",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount_decimal=Infinity",
        "Invalid decimal",
        "unit_amount_decimal",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount_decimal=1e1000000",
        "Invalid decimal",
        "unit_amount_decimal",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount_decimal=0.1234567890123",
        "12",
        "unit_amount_decimal",
    ),
    Refused(
        "POST /v1/prices",
        "currency=zzz&product=$product&unit_amount=4",
        "Invalid currency",
        "currency",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&product_data[name]=A&unit_amount=4",
        "only specify one of these parameters",
        "product_data",
        "parameters_exclusive",
    ),
    Refused(
        "POST /v1/prices",
        "currency=usd&unit_amount=4",
        "Missing required param: product.",
        "product",
        "parameter_missing",
    ),
    Refused(
        "POST /v1/prices",
        "currency=usd&unit_amount=4&product=prod_none",
        "No such product: 'prod_none'",
        "product",
        "resource_missing",
    ),
    # prices: how they recur
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount=4&{METERED}",
        "meter",
        "recurring[meter]",
        "parameter_missing",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount=4&{METERED}&recurring[meter]=$inactive_meter",
        "inactive",
        "recurring[meter]",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount=4&{METERED}&recurring[meter]=mtr_test_none",
        "No such billing meter: 'mtr_test_none'",
        "recurring[meter]",
        "resource_missing",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount=4&recurring[interval]=month&recurring[meter]=$meter",
        "metered",
        "recurring[meter]",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount=4&recurring[interval]=fortnight",
        "must be one of",
        "recurring[interval]",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount=4&recurring[interval]=month&recurring[interval_count]=37",
        "three years",
        "recurring[interval_count]",
    ),
    # prices: packages and tiers
    Refused(
        "POST /v1/prices",
        f"{PRICE}&{TIERED}&tiers[0][up_to]=inf&tiers[0][unit_amount]=1"
        "&transform_quantity[divide_by]=10&transform_quantity[round]=up",
        "tiers, transform_quantity",
        "tiers",
        "parameters_exclusive",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount=4&transform_quantity[divide_by]=0&transform_quantity[round]=up",
        "at least 1",
        "transform_quantity[divide_by]",
        "parameter_invalid_integer",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&unit_amount=4&transform_quantity[divide_by]=10&transform_quantity[round]=near",
        "must be one of",
        "transform_quantity[round]",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&{TIERED}&tiers[0][up_to]=10&tiers[0][unit_amount]=1",
        "last tier",
        "tiers[0][up_to]",
    ),
    Refused(
        "POST /v1/prices",
        f"{PRICE}&{TIERED}&tiers[0][up_to]=10&tiers[0][unit_amount]=1"
        "&tiers[1][up_to]=10&tiers[1][unit_amount]=1&tiers[2][up_to]=inf&tiers[2][unit_amount]=1",
        "in order",
        "tiers[1][up_to]",
    ),
    Refused(
        "POST /v1/prices/$price",
        "unit_amount=5",
        "unknown parameter",
        "unit_amount",
        "parameter_unknown",
    ),
    Refused(
        "POST /v1/prices/price_none",
        "nickname=a",
        "No such price: 'price_none'",
        code="resource_missing",
        status=404,
    ),
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
