"""Where quoted fields of CSV begin and end."""

from typing import NamedTuple


class Quotes(NamedTuple):
    """Tells where a quoted field goes on in the next line. A quote within a field that does not
    begin with one is a character like any other."""

    delimiter: bytes

    def leave_open(self, line: bytes, *, within: bool) -> bool:
        """Whether a field is open at the end of a line; `within` if one is at its beginning."""
        if b'"' not in line:
            return within
        place = 0
        while True:
            if within or line.startswith(b'"', place):
                place = _after_text(line, place if within else place + 1)
                if place < 0:
                    return True
                within = False
            place = line.find(self.delimiter, place) + 1
            if not place:
                return False


def _after_text(line: bytes, place: int) -> int:
    """Where a quoted text that goes on at a place is over, -1 if it is not."""
    while (quote := line.find(b'"', place)) >= 0:
        if not line.startswith(b'"', quote + 1):
            return quote + 1
        place = quote + 2
    return -1
