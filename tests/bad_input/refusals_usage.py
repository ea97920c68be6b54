"""Refusals of meter events, adjustments and summaries."""

from tests.bad_input.scene import Refused

EVENTS = "POST /v1/billing/meter_events"
EVENT = "event_name=$event&payload[stripe_customer_id]=$customer"
ADJUSTMENTS = "POST /v1/billing/meter_event_adjustments"
SUMMARIES = "GET /v1/billing/meters/$meter/event_summaries"
V2 = "POST /v2/billing/meter_events"

USAGE = [
    Refused(
        EVENTS,
        "event_name=nothing&payload[stripe_customer_id]=$customer&payload[value]=1",
        "Invalid event_name: nothing. No active meter found with this event name.",
        "event_name",
    ),
    Refused(
        EVENTS,
        "event_name=$inactive_event&payload[stripe_customer_id]=$customer&payload[value]=1",
        "No active meter found",
        "event_name",
    ),
    Refused(
        EVENTS,
        "event_name=$event&payload[value]=1",
        "Customer mapping key stripe_customer_id not found in payload.",
        "payload[stripe_customer_id]",
        "parameter_missing",
    ),
    Refused(
        EVENTS,
        "event_name=$event&payload[stripe_customer_id]=cus_none&payload[value]=1",
        "No such customer: 'cus_none'",
        "payload[stripe_customer_id]",
        "resource_missing",
    ),
    Refused(
        EVENTS,
        "event_name=$event&payload[stripe_customer_id]=$gone&payload[value]=1",
        "No such customer",
        "payload[stripe_customer_id]",
        "resource_missing",
    ),
    Refused(EVENTS, EVENT, "Value key value not found", "payload[value]", "parameter_missing"),
    Refused(
        EVENTS,
        "event_name=$event",
        "Missing required param: payload.",
        "payload",
        "parameter_missing",
    ),
    Refused(
        EVENTS,
        f"{EVENT}&payload[value]=",
        "must have a value",
        "payload[value]",
        "parameter_invalid_empty",
    ),
    *(
        Refused(EVENTS, f"{EVENT}&payload[value]={value}", sentence, "payload[value]")
        for value, sentence in (
            ("many", "plain decimal number"),
            ("NaN", "plain decimal number"),
            ("Infinity", "plain decimal number"),
            ("-inf", "plain decimal number"),
            ("1e3", "plain decimal number"),
            ("1e1000000", "plain decimal number"),
            ("0x10", "plain decimal number"),
            ("1_000", "plain decimal number"),
            ("%D9%A1", "plain decimal number"),
            ("1,5", "plain decimal number"),
            ("1234567890123456", "at most 15 digits. Received 1234567890123456"),
            ("0.1234567890123456", "can have at most"),
            ("1" * 400, "at most 15 digits"),
            ("1" * 1000, "at most 500 characters"),
        )
    ),
    Refused(
        EVENTS, f"{EVENT}&payload[value]=1&timestamp=$too_old", "35 calendar days", "timestamp"
    ),
    Refused(EVENTS, f"{EVENT}&payload[value]=1&timestamp=$too_late", "5 minutes", "timestamp"),
    Refused(
        EVENTS,
        f"{EVENT}&payload[value]=1&timestamp=soon",
        "Invalid",
        "timestamp",
        "parameter_invalid_integer",
    ),
    Refused(
        EVENTS,
        f"{EVENT}&payload[value]=1&identifier=$used",
        "An event already exists with identifier",
        "identifier",
    ),
    Refused(EVENTS, f"{EVENT}&payload[value]=2&identifier=$used", "already exists", "identifier"),
    Refused(EVENTS, f"{EVENT}&payload[value]=1&identifier=$long", "100 characters", "identifier"),
    Refused(
        ADJUSTMENTS,
        "event_name=$event&type=cancel&cancel[identifier]=nothing",
        "No such meter event: 'nothing'",
        "cancel[identifier]",
        "resource_missing",
    ),
    Refused(
        ADJUSTMENTS,
        "event_name=$inactive_event&type=cancel&cancel[identifier]=$used",
        "No such meter event",
        "cancel[identifier]",
        "resource_missing",
    ),
    Refused(ADJUSTMENTS, "event_name=$event&type=double", "must be", "type"),
    Refused(
        ADJUSTMENTS,
        "event_name=$event&type=cancel",
        "Missing required param: cancel",
        "cancel[identifier]",
        "parameter_missing",
    ),
    Refused(
        SUMMARIES,
        "customer=$customer&start_time=1704067201&end_time=1706745600",
        "aligned to the start of a minute",
        "start_time",
    ),
    Refused(
        SUMMARIES,
        "customer=$customer&start_time=1704067260&end_time=1706745600&value_grouping_window=hour",
        "aligned to the start of an hour",
        "start_time",
    ),
    Refused(
        SUMMARIES,
        "customer=$customer&start_time=1704067200&end_time=1704070800&value_grouping_window=day",
        "aligned to the start of a day in UTC",
        "end_time",
    ),
    Refused(
        SUMMARIES,
        "customer=$customer&start_time=1706745600&end_time=1704067200",
        "after start_time",
        "end_time",
    ),
    Refused(
        SUMMARIES,
        "customer=$customer&start_time=1704067200",
        "Missing required param: end_time.",
        "end_time",
        "parameter_missing",
    ),
    *(
        Refused(
            SUMMARIES,
            f"customer=$customer&start_time=1704067200&end_time=1706745600&{fields}",
            why,
            param,
        )
        for fields, why, param in (
            (
                "dimension_group_by_keys[]=value",
                "payload key of the value",
                "dimension_group_by_keys[0]",
            ),
            (
                "dimension_group_by_keys[]=a&dimension_group_by_keys[]=a",
                "given twice",
                "dimension_group_by_keys[1]",
            ),
            (
                "dimension_filters[stripe_customer_id]=a",
                "payload key of the customer",
                "dimension_filters[stripe_customer_id]",
            ),
            ("dimension_filters=a", "must be a map", "dimension_filters"),
        )
    ),
    Refused(
        SUMMARIES,
        "customer=cus_none&start_time=1704067200&end_time=1706745600",
        "No such customer: 'cus_none'",
        "customer",
        "resource_missing",
    ),
]

USAGE_V2 = [
    Refused(V2, "{", "Invalid JSON", code="invalid_parameters"),
    Refused(V2, "[]", "must be an object", code="invalid_parameters"),
    Refused(V2, b'{"event_name": "\xff"}', "UTF-8", code="invalid_parameters"),
    Refused(V2, b'{"event_name": "a\\u0000b", "payload": {}}', "NUL", code="invalid_parameters"),
    Refused(V2, b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "deep", code="invalid_parameters"),
    Refused(
        V2, b'{"event_name": ' + b"9" * 5_000 + b"}", "out of range", code="invalid_parameters"
    ),
    Refused(
        V2, b'{"x": "' + b"x" * 300_000 + b'"}', "too large", code="request_too_large", status=413
    ),
    Refused(
        V2,
        '{"event_name": "$event", "paylod": {}}',
        "Received unknown parameter: paylod",
        code="parameter_unknown",
    ),
    Refused(
        V2, '{"event_name": "$event"}', "Missing required param: payload", code="parameter_missing"
    ),
    Refused(
        V2,
        '{"event_name": "$event", "payload": {"stripe_customer_id": "$customer", "value": "x"}}',
        "plain decimal number",
        code="invalid_parameters",
    ),
    Refused(
        V2,
        '{"event_name": "$event", "payload": {"stripe_customer_id": "$customer", "value": 1e999}}',
        "Invalid",
        code="invalid_parameters",
    ),
    Refused(
        V2,
        '{"event_name": "$event", "identifier": "$used",'
        ' "payload": {"stripe_customer_id": "$customer", "value": "1"}}',
        "already exists with identifier",
        code="duplicate_meter_event",
    ),
    Refused(
        V2,
        '{"event_name": "$event", "timestamp": "yesterday",'
        ' "payload": {"stripe_customer_id": "$customer", "value": "1"}}',
        "Invalid",
        code="invalid_parameters",
    ),
    Refused(
        V2,
        '{"event_name": "$event", "timestamp": "2023-01-01T00:00:00.000Z",'
        ' "payload": {"stripe_customer_id": "$customer", "value": "1"}}',
        "35 calendar days",
        code="invalid_parameters",
    ),
    Refused(
        V2,
        '{"event_name": "$event",'
        ' "payload": {"stripe_customer_id": "$foreign_customer", "value": "1"}}',
        "No such customer",
        code="resource_missing",
    ),
]
