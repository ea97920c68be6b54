"""What can be compared with itself at another time: an object, a preview, a summary of usage."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from api.audit.objects import one_object
from api.audit.usage_query import UsageQuery, find_usage, usage_objects
from api.http.call import View
from api.http.routes import JsonObject
from api.http.versions import CURRENT
from api.invoices.objects import preview_object
from api.invoices.params_preview import InvoicePreview
from api.invoices.previews import asked_preview
from ledger.kernel.clock import from_epoch
from ledger.meter_events.usage import Asked
from projections.invoices.rows import INVOICES, InvoiceRow
from projections.meters.rows import METERS


@dataclass(slots=True)
class Rendered:
    """What was shown of a subject, and what it rests on: streams, and usage of a customer up to a
    position, None for all there is."""

    document: JsonObject
    streams: set[str]
    customer: str | None = None
    usage: list[Asked] = field(default_factory=list[Asked])
    usage_through: int | None = None


class Subject(Protocol):
    """Something that can be asked for as of any moment. `kind` and `id` name it."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...

    def render(self, view: View) -> Rendered:
        """As of the view's moment. Raises LedgerError where there is nothing to show."""
        ...


@dataclass(frozen=True, slots=True)
class ObjectSubject:
    """An object of any kind; of an invoice also the usage of its metered lines."""

    id: str
    kind: str = "object"

    def render(self, view: View) -> Rendered:
        """See `Subject`."""
        document = one_object(view, self.id, param="object")
        rendered = Rendered(document, _streams(view))
        if document["object"] == "invoice":
            row = view.rows.require(INVOICES, "invoice", self.id)
            _count_usage(view, rendered, row)
        return rendered


@dataclass(frozen=True, slots=True)
class PreviewSubject:
    """The next invoice of a subscription."""

    id: str
    kind: str = "preview"

    def render(self, view: View) -> Rendered:
        """See `Subject`."""
        shown_in, row = asked_preview(view, InvoicePreview(subscription=self.id), CURRENT)
        document = preview_object(shown_in, row)
        rendered = Rendered(document, _streams(view) | shown_in.streams)
        _count_usage(view, rendered, row)
        return rendered


@dataclass(frozen=True, slots=True)
class SummarySubject:
    """What a customer used of a meter: a field for each stretch of time and texts."""

    asked: UsageQuery
    kind: str = "summary"

    @property
    def id(self) -> str:
        return f"{self.asked.meter or self.asked.event_name} of {self.asked.customer}"

    def render(self, view: View) -> Rendered:
        """See `Subject`."""
        found = find_usage(view, self.asked)
        values = {_named(one): one["value"] for one in usage_objects(found, found.summaries)}
        asked = Asked(found.query.meter, found.query.start, found.query.end)
        return Rendered(values, _streams(view), self.asked.customer, [asked])


def _count_usage(view: View, rendered: Rendered, row: InvoiceRow) -> None:
    """Say which usage an invoice is about; a finalized one rests on no later usage."""
    rendered.customer = row.customer
    rendered.usage_through = row.through_position
    rendered.usage = list(_asked(view, row))


def _asked(view: View, row: InvoiceRow) -> Iterable[Asked]:
    for line in row.lines:
        if line.kind == "metered" and line.meter is not None:
            meter = view.rows.require(METERS, "billing meter", line.meter)
            start, end = from_epoch(line.period_start), from_epoch(line.period_end)
            yield Asked(meter.definition(), start, end)


def _named(summary: JsonObject) -> str:
    """`2026-01-03T00:00:00Z/2026-01-04T00:00:00Z`, with the texts that it is of behind it."""
    texts = ",".join(f"{key}={text}" for key, text in summary["dimensions"].items())
    return f"{summary['start']}/{summary['end']}" + (f" {texts}" if texts else "")


def _streams(view: View) -> set[str]:
    return view.looked_up() | view.streams
