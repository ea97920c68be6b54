"""Refusals that every route has in common: parameters, cursors, bodies."""

from tests.bad_input.scene import Refused

METER = "display_name=A&event_name=a&default_aggregation[formula]=sum"
MANY = "&".join(f"metadata[k{n}]=v" for n in range(51))
FLOOD = "&".join(f"f{n}=1" for n in range(2_000))

CONVENTIONS = [
    # unknown, missing and mistyped parameters
    Refused(
        "POST /v1/billing/meters",
        f"{METER}&display_nam=B",
        "Received unknown parameter: display_nam. Did you mean display_name?",
        "display_nam",
        "parameter_unknown",
    ),
    Refused(
        "POST /v1/billing/meters",
        f"{METER}&default_aggregation[formul]=sum",
        "Received unknown parameter: default_aggregation[formul]",
        "default_aggregation[formul]",
        "parameter_unknown",
    ),
    Refused(
        "GET /v1/customers",
        "limits=3",
        "Received unknown parameter: limits",
        "limits",
        "parameter_unknown",
    ),
    Refused(
        "GET /v1/customers/$customer",
        "limit=3",
        "Received unknown parameter: limit",
        "limit",
        "parameter_unknown",
    ),
    Refused(
        "POST /v1/billing/meters",
        "event_name=a&default_aggregation[formula]=sum",
        "Missing required param: display_name.",
        "display_name",
        "parameter_missing",
    ),
    Refused(
        "POST /v1/billing/meters",
        "display_name=A&event_name=a",
        "Missing required param: default_aggregation.",
        "default_aggregation",
        "parameter_missing",
    ),
    Refused(
        "POST /v1/billing/meters",
        "display_name=A&event_name=a&default_aggregation[formula]=median",
        "must be one of",
        "default_aggregation[formula]",
    ),
    Refused(
        "POST /v1/billing/meters",
        f"{METER}&customer_mapping=x",
        "must be a map of fields",
        "customer_mapping",
    ),
    Refused(
        "POST /v1/billing/meters",
        "display_name=&event_name=a&default_aggregation[formula]=sum",
        "empty string for 'display_name'",
        "display_name",
        "parameter_invalid_empty",
    ),
    Refused(
        "POST /v1/billing/meters",
        "display_name=$long&event_name=a&default_aggregation[formula]=sum",
        "at most 250 characters",
        "display_name",
    ),
    Refused(
        "POST /v1/customers",
        "balance=1.5",
        "Invalid integer: 1.5",
        "balance",
        "parameter_invalid_integer",
    ),
    Refused(
        "POST /v1/customers",
        "balance=99999999999999999999",
        "Invalid integer",
        "balance",
        "parameter_invalid_integer",
    ),
    Refused(
        "POST /v1/customers", "email=nobody", "Invalid email address", "email", "email_invalid"
    ),
    Refused("POST /v1/customers", MANY, "at most 50 keys", "metadata"),
    Refused("POST /v1/customers", "metadata[$long_key]=v", "1 to 40 characters", "metadata"),
    Refused("POST /v1/customers", "expand[]=nothing", "cannot be expanded", "expand[0]"),
    Refused("POST /v1/customers", "expand[]=a.b.c.d.e", "expand", "expand[0]"),
    # pages
    Refused(
        "GET /v1/customers",
        "limit=0",
        "at least 1",
        "limit",
        "parameter_invalid_integer",
    ),
    Refused(
        "GET /v1/customers",
        "limit=101",
        "at most 100",
        "limit",
        "parameter_invalid_integer",
    ),
    Refused(
        "GET /v1/customers",
        "limit=many",
        "Invalid integer: many",
        "limit",
        "parameter_invalid_integer",
    ),
    Refused(
        "GET /v1/customers",
        "starting_after=$customer&ending_before=$customer",
        "only specify one of these parameters",
        "ending_before",
        "parameters_exclusive",
    ),
    Refused(
        "GET /v1/customers",
        "starting_after=cus_none",
        "No such customer: 'cus_none'",
        "starting_after",
        "resource_missing",
    ),
    Refused(
        "GET /v1/invoices",
        "created[gte]=soon",
        "Invalid integer: soon",
        "created[gte]",
        "parameter_invalid_integer",
    ),
    # bodies
    Refused("POST /v1/customers", "name$deep=x", "more than 8 levels deep", "name$deep"),
    Refused("POST /v1/customers", FLOOD, "Too many parameters"),
    Refused("POST /v1/customers", b"name=" + b"x" * 300_000, "too large", status=413),
    Refused("POST /v1/customers", b"name=a%00b", "NUL", "name"),
    Refused("POST /v1/customers", b"name=a\x00b", "NUL", "name"),
    Refused("POST /v1/customers", b"name=\xff\xfe", "not valid UTF-8", "name"),
    Refused("POST /v1/customers", b"name=%FF%FE", "not valid UTF-8", "name"),
    Refused("POST /v1/customers", b"name=%ZZ", "percent sign", "name"),
    Refused("POST /v1/customers", b"name=%ED%A0%80", "not valid UTF-8", "name"),
    Refused("POST /v1/customers", "name[a]=1&name=2", "name", "name"),
    # paths
    Refused("GET /v1/nothing", "", "Unrecognized request URL", status=404),
    Refused("DELETE /v1/billing/meters", "", "not allowed", status=405),
    Refused(
        "GET /v1/billing/meters/mtr_test_none",
        "",
        "No such billing meter: 'mtr_test_none'",
        code="resource_missing",
        status=404,
    ),
    Refused(
        "GET /v1/billing/meters/$customer",
        "",
        "No such billing meter",
        code="resource_missing",
        status=404,
    ),
    Refused("GET /v1/customers/a%00b", "", "Unrecognized request URL", status=404),
]
