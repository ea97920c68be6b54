"""A simulation as a chart: old against new in all, then the largest movers, in one SVG file."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from ledger.audit.simulation.comparing import MOVERS, Compared, Simulation
from ledger.kernel.money import format_money

_WIDTH: Final = 860
_LABELS: Final = 250
_SIGN, _SMALL_SIGN = 8, 7
"""Room for a sign of both sizes of text, in pixels."""
_SHORTEST: Final = 60
_BAR: Final = 12
_ROW: Final = 44
_HEADING: Final = 40
_OLD, _NEW = "#9aa5b1", "#2563a8"
_STYLE: Final = "font: 13px system-ui, sans-serif; fill: #1f2933"


class _Row(NamedTuple):
    label: str
    compared: Compared


def chart(simulation: Simulation, movers: int = MOVERS) -> str:
    """The SVG document. Bars of one currency are to one scale, which begins at 0."""
    parts: list[str] = []
    y = 30
    for currency, compared in simulation.totals().items():
        rows = [_Row(customer, moved) for customer, moved in simulation.movers(currency, movers)]
        parts += _heading(f"{currency.upper()}: {_change(compared, currency)}", y)
        y += _HEADING
        drawn = [_Row("All together", compared)]
        parts += _rows(drawn, currency, y)
        y += _ROW + 10
        parts += _rows(rows, currency, y)
        y += _ROW * len(rows) + 24
    if not parts:
        parts += _heading("No invoice was found.", y)
        y += _HEADING
    return "\n".join(_document(parts, y))


def _document(parts: Sequence[str], height: int) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" role="img">'
    )
    yield "<title>Billed, and under the simulated prices</title>"
    yield f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    yield f'<g style="{_STYLE}">'
    yield _box(_WIDTH - 190, 14, 10, _OLD) + _text(_WIDTH - 175, 23, "billed")
    yield _box(_WIDTH - 110, 14, 10, _NEW) + _text(_WIDTH - 95, 23, "simulated")
    yield from parts
    yield "</g>"
    yield "</svg>\n"


def _heading(text: str, y: int) -> list[str]:
    return [f'<text x="20" y="{y}" font-weight="600">{escape(text)}</text>']


def _rows(rows: Sequence[_Row], currency: str, y: int) -> Iterator[str]:
    """Two bars for each, as long as the largest of them allows."""
    amounts = [abs(sums.total) for row in rows for sums in row.compared]
    largest = max(amounts, default=0) or 1
    room = _room(rows, currency)
    for place, (label, compared) in enumerate(rows):
        top = y + place * _ROW
        yield _text(20, top + 15, label)
        for at, (sums, colour) in enumerate(((compared.before, _OLD), (compared.after, _NEW))):
            width = abs(sums.total) * room // largest
            bar = top + at * (_BAR + 3)
            yield _box(_LABELS, bar, max(width, 1), colour)
            amount = format_money(sums.total, currency)
            yield _text(_LABELS + width + 8, bar + 11, amount, small=True)
        yield _text(_WIDTH - 20, top + 20, _change(compared, currency), end=True)


def _room(rows: Sequence[_Row], currency: str) -> int:
    """How long a bar may be, so that its amount ends before the change beside it begins."""
    amounts = (format_money(sums.total, currency) for row in rows for sums in row.compared)
    written = max(map(len, amounts), default=0) * _SMALL_SIGN
    changes = max((len(_change(row.compared, currency)) for row in rows), default=0) * _SIGN
    return max(_WIDTH - _LABELS - 8 - written - 16 - changes - 20, _SHORTEST)


def _change(compared: Compared, currency: str) -> str:
    difference = compared.difference
    sign = "+" if difference > 0 else ""
    return f"{sign}{format_money(difference, currency)}{percent(compared)}"


def percent(compared: Compared) -> str:
    """` (+3.2 %)`, to a tenth of a percent; nothing where nothing was billed."""
    before = compared.before.total
    if before <= 0:
        return ""
    tenths = (2_000 * abs(compared.difference) + before) // (2 * before)
    sign = "-" if compared.difference < 0 else "+"
    return f" ({sign}{tenths // 10}.{tenths % 10} %)"


def _box(x: int, y: int, width: int, colour: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{_BAR}" fill="{colour}"/>'


def _text(x: int, y: int, text: str, *, small: bool = False, end: bool = False) -> str:
    kept = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    size = ' font-size="11"' if small else ""
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x}" y="{y}"{size}{anchor}>{escape(kept)}</text>'
