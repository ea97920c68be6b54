"""A meter as the wire shows it (contract §5)."""

from typing import Any

from projections.meters.rows import MeterRow


def meter_object(row: MeterRow) -> dict[str, Any]:
    """`dimension_payload_keys`, an extension, is there only where a meter has some."""
    dimensions = (
        {"dimension_payload_keys": list(row.dimension_payload_keys)}
        if row.dimension_payload_keys
        else {}
    )
    return {
        "id": row.id,
        "object": "billing.meter",
        "created": row.created,
        "customer_mapping": {"event_payload_key": row.customer_key, "type": "by_id"},
        "default_aggregation": {"formula": row.formula},
        **dimensions,
        "display_name": row.display_name,
        "event_name": row.event_name,
        "event_time_window": row.event_time_window,
        "livemode": row.livemode,
        "status": row.status,
        "status_transitions": {"deactivated_at": row.deactivated_at},
        "updated": row.updated,
        "value_settings": {"event_payload_key": row.value_key},
    }
