"""Refusals of prices: amounts, tiers, packages, how they recur, currencies and extensions."""

from tests.bad_input.scene import Refused

_PRICE = "currency=usd&product=$product"
_UNIT = f"{_PRICE}&unit_amount=4"
_METERED = f"{_UNIT}&recurring[interval]=month&recurring[usage_type]=metered"
_TIERED = f"{_PRICE}&billing_scheme=tiered&tiers_mode=volume"
_LAST = "tiers[1][up_to]=inf&tiers[1][unit_amount]=1"
_FIRST = "tiers[0][up_to]=10&tiers[0][unit_amount]=1"
_TIERS = f"{_TIERED}&{_FIRST}&{_LAST}"
_PACKAGE = "transform_quantity[divide_by]=10&transform_quantity[round]=up"
_OPTION = "currency_options[eur]"
_EURO = f"{_UNIT}&{_OPTION}"
_END = "tiers[2][up_to]=inf&tiers[2][unit_amount]=1"
_OPTION_TIER = f"{_OPTION}[tiers][0]"
_BOUNDED_OPTION = f"{_OPTION_TIER}[up_to]=10&{_OPTION_TIER}[unit_amount]=1"
_UNBOUNDED_OPTION = f"{_OPTION_TIER}[up_to]=inf&{_OPTION_TIER}[unit_amount]=1"

_MISSING, _EXCLUSIVE = "parameter_missing", "parameters_exclusive"
_INTEGER, _UNKNOWN, _NOWHERE = "parameter_invalid_integer", "parameter_unknown", "resource_missing"

_Row = tuple[str, str, str, str | None]
"""Fields, a part of the message, param and code."""

_AMOUNTS: list[_Row] = [
    (f"{_UNIT}&unit_amount_decimal=4", "only specify one", "unit_amount", _EXCLUSIVE),
    (_PRICE, "Missing required param: unit_amount.", "unit_amount", _MISSING),
    ("product=$product&unit_amount=4", "Missing required param: currency.", "currency", _MISSING),
    (f"{_PRICE}&unit_amount=-1", "at least 0", "unit_amount", _INTEGER),
    (f"{_PRICE}&unit_amount=1e3", "Invalid integer: 1e3", "unit_amount", _INTEGER),
    (f"{_PRICE}&unit_amount=0.5", "Invalid integer: 0.5", "unit_amount", _INTEGER),
    (f"{_PRICE}&unit_amount={2**63}", "at most", "unit_amount", _INTEGER),
    (f"{_PRICE}&unit_amount_decimal={2**63}", "larger", "unit_amount_decimal", None),
    (f"{_PRICE}&unit_amount_decimal=-0.5", "equal to 0", "unit_amount_decimal", None),
    (f"{_PRICE}&unit_amount_decimal=NaN", "Invalid decimal", "unit_amount_decimal", None),
    (f"{_PRICE}&unit_amount_decimal=Infinity", "Invalid decimal", "unit_amount_decimal", None),
    (f"{_PRICE}&unit_amount_decimal=1e1000000", "Invalid decimal", "unit_amount_decimal", None),
    (f"{_PRICE}&unit_amount_decimal=0.1234567890123", "12", "unit_amount_decimal", None),
    (f"{_PRICE}&unit_amount_decimal=1E-13", "12", "unit_amount_decimal", None),
    ("currency=zzz&product=$product&unit_amount=4", "Invalid currency", "currency", None),
    (f"{_UNIT}&custom_unit_amount[enabled]=true", "no amounts", "custom_unit_amount", None),
]
_PRODUCTS: list[_Row] = [
    (f"{_UNIT}&product_data[name]=A", "only specify one", "product_data", _EXCLUSIVE),
    ("currency=usd&unit_amount=4", "Missing required param: product.", "product", _MISSING),
    *(
        (f"currency=usd&unit_amount=4&product={name}", "No such product", "product", _NOWHERE)
        for name in ("prod_none", "$foreign_product")
    ),
    (
        "currency=usd&unit_amount=4&product_data[active]=true",
        "product_data[name]",
        "product_data[name]",
        _MISSING,
    ),
]
_RECURRING: list[_Row] = [
    (_METERED, "billed from a meter", "recurring[meter]", _MISSING),
    (f"{_METERED}&recurring[meter]=$inactive_meter", "inactive", "recurring[meter]", None),
    (
        f"{_METERED}&recurring[meter]=mtr_test_none",
        "No such billing meter: 'mtr_test_none'",
        "recurring[meter]",
        _NOWHERE,
    ),
    (
        f"{_METERED}&recurring[meter]=$foreign_meter",
        "No such billing meter",
        "recurring[meter]",
        _NOWHERE,
    ),
    (
        f"{_UNIT}&recurring[interval]=month&recurring[meter]=$meter",
        "metered",
        "recurring[meter]",
        None,
    ),
    (
        f"{_UNIT}&recurring[interval]=fortnight",
        "must be one of",
        "recurring[interval]",
        None,
    ),
    (f"{_UNIT}&recurring[interval_count]=1", "interval", "recurring[interval]", _MISSING),
    *(
        (
            f"{_UNIT}&recurring[interval]={interval}&recurring[interval_count]={count}",
            "three years",
            "recurring[interval_count]",
            None,
        )
        for interval, count in (("day", 1096), ("week", 157), ("month", 37), ("year", 4))
    ),
    (
        f"{_UNIT}&recurring[interval]=month&recurring[interval_count]=0",
        "at least 1",
        "recurring[interval_count]",
        _INTEGER,
    ),
]
_SHAPES: list[_Row] = [
    (f"{_TIERS}&{_PACKAGE}", "tiers, transform_quantity", "tiers", _EXCLUSIVE),
    (f"{_TIERS}&unit_amount=4", "tiers, unit_amount", "tiers", _EXCLUSIVE),
    (f"{_TIERS}&unit_amount_decimal=0.4", "tiers, unit_amount_decimal", "tiers", _EXCLUSIVE),
    (f"{_UNIT}&{_FIRST}&{_LAST}", "billing_scheme=tiered", "tiers", None),
    (f"{_UNIT}&tiers_mode=volume", "billing_scheme=tiered", "tiers_mode", None),
    (f"{_PRICE}&billing_scheme=tiered&{_FIRST}&{_LAST}", "tiers_mode", "tiers_mode", _MISSING),
    (_TIERED, "Missing required param: tiers.", "tiers", _MISSING),
    (f"{_TIERED}&{_FIRST}", "last tier must have up_to=inf", "tiers[0][up_to]", None),
    (
        f"{_TIERED}&tiers[0][up_to]=inf&tiers[0][unit_amount]=1&{_LAST}",
        "last",
        "tiers[0][up_to]",
        None,
    ),
    (f"{_TIERED}&tiers[0][unit_amount]=1&{_LAST}", "up_to", "tiers[0][up_to]", _MISSING),
    (
        f"{_TIERED}&tiers[0][up_to]=0&tiers[0][unit_amount]=1&{_LAST}",
        "than 0",
        "tiers[0][up_to]",
        None,
    ),
    (
        f"{_TIERED}&tiers[0][up_to]=1.5&tiers[0][unit_amount]=1&{_LAST}",
        "whole",
        "tiers[0][up_to]",
        None,
    ),
    (
        f"{_TIERED}&tiers[0][up_to]={2**63}&tiers[0][unit_amount]=1&{_LAST}",
        "64-bit",
        "tiers[0][up_to]",
        None,
    ),
    *(
        (
            f"{_TIERED}&{_FIRST}&tiers[1][up_to]={bound}&tiers[1][unit_amount]=1&{_END}",
            "in order",
            "tiers[1][up_to]",
            None,
        )
        for bound in (10, 9)
    ),
    (f"{_TIERED}&tiers[0][up_to]=10&{_LAST}", "missing an amount", "tiers[0]", None),
    (f"{_TIERS}&tiers[0][unit_amount_decimal]=1", "only", "tiers[0][unit_amount]", _EXCLUSIVE),
    (
        f"{_TIERS}&tiers[0][flat_amount]=1&tiers[0][flat_amount_decimal]=1",
        "only specify one",
        "tiers[0][flat_amount]",
        _EXCLUSIVE,
    ),
    (
        f"{_TIERS}&tiers[1][flat_amount_decimal]=1E-13",
        "12 decimal places",
        "tiers[1][flat_amount_decimal]",
        None,
    ),
    (f"{_TIERS}&tiers[1][flat_amount]={2**63}", "at most", "tiers[1][flat_amount]", _INTEGER),
    (
        f"{_UNIT}&transform_quantity[divide_by]=0&transform_quantity[round]=up",
        "at least 1",
        "transform_quantity[divide_by]",
        _INTEGER,
    ),
    (
        f"{_UNIT}&transform_quantity[divide_by]=10&transform_quantity[round]=near",
        "must be one of",
        "transform_quantity[round]",
        None,
    ),
]
_OPTIONS: list[_Row] = [
    (
        f"{_UNIT}&currency_options[usd][unit_amount]=4",
        "own currency",
        "currency_options[usd]",
        None,
    ),
    (
        f"{_EURO}[tax_behavior]=inclusive",
        "unit_amount",
        "currency_options[eur][unit_amount]",
        _MISSING,
    ),
    (
        f"{_EURO}[unit_amount]=1.5",
        "Invalid integer",
        "currency_options[eur][unit_amount]",
        _INTEGER,
    ),
    (
        f"{_EURO}[unit_amount]=1&{_OPTION}[unit_amount_decimal]=1",
        "only specify one",
        "currency_options[eur][unit_amount]",
        _EXCLUSIVE,
    ),
    (
        f"{_TIERS}&currency_options[eur][unit_amount]=4",
        "tiers, unit_amount",
        "currency_options[eur][tiers]",
        _EXCLUSIVE,
    ),
    (
        f"{_TIERS}&{_BOUNDED_OPTION}",
        "up_to=inf",
        "currency_options[eur][tiers][0][up_to]",
        None,
    ),
    (
        f"{_EURO}[unit_amount]=1&{_OPTION}[minimum_charge]=9&{_OPTION}[maximum_charge]=8",
        "at least the minimum_charge",
        "currency_options[eur][maximum_charge]",
        None,
    ),
]
_EXTENSIONS: list[_Row] = [
    (f"{_UNIT}&included_units=-1", "equal to 0", "included_units", None),
    (f"{_UNIT}&included_units=0.1234567890123", "12", "included_units", None),
    (f"{_UNIT}&included_units={2**63}", "larger", "included_units", None),
    (f"{_UNIT}&included_units=many", "Invalid decimal", "included_units", None),
    *(
        (f"{_UNIT}&percentage_fee[percent]={percent}", said, "percentage_fee[percent]", None)
        for percent, said in (
            ("0", "greater than 0"),
            ("100.1", "at most 100"),
            ("-2", "equal to 0"),
            ("1E-13", "12"),
            ("2%25", "Invalid decimal"),
        )
    ),
    (f"{_UNIT}&percentage_fee[of]=amount", "percent", "percentage_fee[percent]", _MISSING),
    (
        f"{_UNIT}&percentage_fee[percent]=2&percentage_fee[of]=profit",
        "must be one of",
        "percentage_fee[of]",
        None,
    ),
    (f"{_UNIT}&minimum_charge=-1", "at least 0", "minimum_charge", _INTEGER),
    (f"{_UNIT}&minimum_charge=1.5", "Invalid integer", "minimum_charge", _INTEGER),
    (f"{_UNIT}&maximum_charge={2**63}", "at most", "maximum_charge", _INTEGER),
    (
        f"{_UNIT}&minimum_charge=500&maximum_charge=499",
        "at least the minimum_charge (500)",
        "maximum_charge",
        None,
    ),
]

PRICES = [
    *(
        Refused("POST /v1/prices", fields, message, param, code)
        for table in (_AMOUNTS, _PRODUCTS, _RECURRING, _SHAPES, _OPTIONS, _EXTENSIONS)
        for fields, message, param, code in table
    ),
    *(
        Refused("POST /v1/prices/$price", fields, "unknown parameter", param, _UNKNOWN)
        for fields, param in (
            ("unit_amount=5", "unit_amount"),
            ("included_units=5", "included_units"),
            ("minimum_charge=5", "minimum_charge"),
            ("recurring[interval]=year", "recurring"),
        )
    ),
    Refused(
        "POST /v1/prices/$seat",
        _UNBOUNDED_OPTION,
        "billing_scheme=tiered",
        "currency_options[eur][tiers]",
    ),
    Refused(
        "POST /v1/products",
        "name=A&default_price_data[currency]=usd",
        "unit_amount",
        "default_price_data[unit_amount]",
        _MISSING,
    ),
    Refused(
        "POST /v1/products",
        "name=A&default_price_data[currency]=usd&default_price_data[unit_amount]=1"
        "&default_price_data[percentage_fee][percent]=101",
        "at most 100",
        "default_price_data[percentage_fee][percent]",
    ),
    *(
        Refused(
            f"POST /v1/prices/{price}",
            "nickname=a",
            "No such price",
            code=_NOWHERE,
            status=404,
        )
        for price in ("price_none", "$foreign_price")
    ),
]
