"""Refusals of coupons, tax rates, and of both where they are applied."""

from tests.bad_input.scene import Refused

COUPON = "POST /v1/coupons"
TAX_RATE = "POST /v1/tax_rates"
SUBSCRIBE = "customer=$customer&items[0][price]=$seat"
EXCLUSIVE, MISSING, GONE = "parameters_exclusive", "parameter_missing", "resource_missing"
INTEGER = "parameter_invalid_integer"
RATE = "display_name=VAT&inclusive=true&percentage=5"

DEDUCTIONS = [
    *(
        Refused(COUPON, fields, why, param, code)
        for fields, why, param, code in (
            ("", "percent_off or amount_off", "percent_off", MISSING),
            ("percent_off=0", "greater than 0", "percent_off", None),
            ("percent_off=100.000000000001", "at most 100", "percent_off", None),
            ("percent_off=1e-13", "at most 12 decimal places", "percent_off", None),
            ("percent_off=half", "Invalid decimal", "percent_off", None),
            ("amount_off=0&currency=usd", "at least 1", "amount_off", INTEGER),
            ("amount_off=9223372036854775808&currency=usd", "at most", "amount_off", INTEGER),
            ("amount_off=5", "currency", "currency", MISSING),
            ("amount_off=5&currency=xxx", "Invalid currency", "currency", None),
            (
                "amount_off=5&currency=usd&percent_off=5",
                "only specify one",
                "amount_off",
                EXCLUSIVE,
            ),
            ("percent_off=5&currency=usd", "amount_off alone", "currency", None),
            ("percent_off=5&duration=weekly", "must be one of", "duration", None),
            ("percent_off=5&duration=repeating", "Missing", "duration_in_months", MISSING),
            ("percent_off=5&duration_in_months=2", "repeating alone", "duration_in_months", None),
            ("percent_off=5&redeem_by=1", "in the future", "redeem_by", None),
            ("percent_off=5&max_redemptions=0", "at least 1", "max_redemptions", INTEGER),
            ("percent_off=5&id=a/b", "letters, digits", "id", None),
            ("percent_off=5&id=$coupon", "already exists", "id", "resource_already_exists"),
            (
                "percent_off=5&applies_to[products][0]=$foreign_product",
                "No such product",
                "applies_to[products][0]",
                GONE,
            ),
            (
                "percent_off=5&currency_options[eur][amount_off]=1",
                "amount_off alone",
                "currency_options",
                None,
            ),
            (
                "amount_off=5&currency=usd&currency_options[usd][amount_off]=1",
                "own currency",
                "currency_options[usd]",
                None,
            ),
        )
    ),
    Refused(
        "POST /v1/coupons/$coupon",
        "percent_off=5",
        "unknown parameter",
        "percent_off",
        "parameter_unknown",
    ),
    Refused("POST /v1/coupons/$foreign_coupon", "name=x", "No such coupon", None, GONE, 404),
    Refused("DELETE /v1/coupons/$foreign_coupon", "", "No such coupon", None, GONE, 404),
    Refused("GET /v1/coupons/none", "", "No such coupon", None, GONE, 404),
    *(
        Refused(TAX_RATE, fields, why, param, code)
        for fields, why, param, code in (
            ("inclusive=true&percentage=5", "Missing", "display_name", MISSING),
            ("display_name=VAT&percentage=5", "Missing", "inclusive", MISSING),
            ("display_name=VAT&inclusive=true", "Missing", "percentage", MISSING),
            (f"{RATE}00", "from 0 to 100", "percentage", None),
            ("display_name=VAT&inclusive=true&percentage=-1", "greater", "percentage", None),
            (f"{RATE}&country=Germany", "two letters", "country", None),
            (f"{RATE}&state=NY", "country is missing", "country", MISSING),
            (f"{RATE}&country=US&state=New York", "ISO 3166-2", "state", None),
            (f"{RATE}&tax_type=poll_tax", "must be one of", "tax_type", None),
        )
    ),
    Refused(
        "POST /v1/tax_rates/$tax_rate",
        "percentage=6",
        "unknown parameter",
        "percentage",
        "parameter_unknown",
    ),
    Refused("POST /v1/tax_rates/$foreign_rate", "active=false", "No such", None, GONE, 404),
    *(
        Refused("POST /v1/subscriptions", f"{SUBSCRIBE}&{fields}", why, param, code)
        for fields, why, param, code in (
            ("discounts[0][coupon]=none", "No such coupon", "discounts[0][coupon]", GONE),
            ("discounts[0][coupon]=$foreign_coupon", "No such", "discounts[0][coupon]", GONE),
            ("discounts[0][coupon]=$yen", "nothing off in usd", "discounts[0][coupon]", None),
            ("discounts[0][coupon]=$used_up", "expired", "discounts[0][coupon]", "coupon_expired"),
            ("discounts[0][discount]=di_none", "No such", "discounts[0][discount]", GONE),
            ("discounts[0][promotion_code]=p", "promotion", "discounts[0][promotion_code]", None),
            ("discounts[0]=x", "", "discounts[0]", None),
            (
                "discounts[0][coupon]=$coupon&discounts[1][coupon]=$coupon",
                "more than once",
                "discounts[1]",
                None,
            ),
            ("default_tax_rates[0]=txr_none", "No such tax rate", "default_tax_rates[0]", GONE),
            ("default_tax_rates[0]=$foreign_rate", "No such", "default_tax_rates[0]", GONE),
            ("default_tax_rates[0]=$old_rate", "inactive", "default_tax_rates[0]", None),
            (
                "default_tax_rates[0]=$tax_rate&default_tax_rates[1]=$tax_rate",
                "more than once",
                "default_tax_rates[1]",
                None,
            ),
            (
                "items[0][discounts][0][coupon]=none",
                "No such coupon",
                "items[0][discounts][0][coupon]",
                GONE,
            ),
            ("items[0][tax_rates][0]=none", "No such", "items[0][tax_rates][0]", GONE),
        )
    ),
    Refused("DELETE /v1/customers/$customer/discount", "", "No such", None, GONE, 404),
    Refused("DELETE /v1/subscriptions/$subscription/discount", "", "No such", None, GONE, 404),
]
