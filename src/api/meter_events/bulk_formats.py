"""The formats of usage in bulk: how a body or a file is cut, and what its records are."""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from api.meter_events.bulk_framing import Elements, Framing, Lines, Table, Whole
from api.meter_events.bulk_records import ReadRecord, read_cloud_event, read_record

FormatName = Literal["ndjson", "json", "csv", "cloudevents", "cloudevents-batch"]


class Format(NamedTuple):
    """A kind of body: the content type that tells it, how it is cut, what its records are."""

    content_type: str
    framing: Callable[[], Framing]
    read: ReadRecord


FORMATS: Final[dict[FormatName, Format]] = {
    "ndjson": Format("application/x-ndjson", Lines, read_record),
    "json": Format("application/json", Elements, read_record),
    "csv": Format("text/csv", Table.of_records, read_record),
    "cloudevents": Format("application/cloudevents+json", Whole, read_cloud_event),
    "cloudevents-batch": Format("application/cloudevents-batch+json", Elements, read_cloud_event),
}
