"""What stands on an invoice's page, as text: the one source of the HTML and of the PDF.

Every text is final: amounts in the currency's own decimals, times in UTC. Nothing here depends on
when, where or how often the page is rendered.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as it is read, and by RFC 3339 for machines."""

    text: str
    iso: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact beside its name: `Due` and a day."""

    label: str
    text: str
    iso: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """The seller or the customer: a name, and the lines below it. Both may be blank."""

    name: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a line's rating: what it is, how it is worked out, what it adds, not rounded."""

    label: str
    working: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. `notes` are sentences about it; the steps' amounts add up to `amount`."""

    description: str
    period: str
    quantity: str
    unit_price: str
    amount: str
    notes: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Sum:
    """One row below the lines. `kind` is `plain`, `memo` (counted elsewhere already) or `total`."""

    label: str
    amount: str
    kind: str = "plain"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is needed to compute the invoice again. A draft has none."""

    through_position: str
    engine_version: str
    document_sha256: str
    command: str
    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePage:
    """The page. `mark` is set on what is no demand for payment: a draft, a void or test invoice."""

    title: str
    heading: str
    status: str
    standing: str
    mark: str
    seller: Party
    customer: Party
    facts: tuple[Entry, ...]
    headline: Sum
    lines: tuple[Line, ...]
    sums: tuple[Sum, ...]
    notes: tuple[str, ...]
    footer: str
    proof: Proof | None
    stamped_at: int
    """Epoch seconds that a PDF gives as the time of its creation."""
