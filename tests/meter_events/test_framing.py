"""How a body is cut into records, in whatever pieces it comes; a bad one is refused alone."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.meter_events.bulk_framing import (
    LONGEST_RECORD,
    BrokenBody,
    Cut,
    Elements,
    Framing,
    Lines,
    Table,
)

TOO_LONG = f"A record can have at most {LONGEST_RECORD} bytes."
HEADER = b"event_name,identifier,timestamp,value\n"


def cut(framing: Framing, body: bytes, at_once: int = 1 << 16) -> list[Cut]:
    """All records of a body that comes in pieces of so many bytes."""
    cuts: list[Cut] = []
    for start in range(0, len(body), at_once):
        cuts += framing.feed(body[start : start + at_once])
    return cuts + framing.finish()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.lists(JSON_VALUES, max_size=6),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_an_array_is_cut_at_its_commas(
    values: list[object], at_once: int, indent: int | None, ascii_only: bool
) -> None:
    body = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
    cuts = cut(Elements(), body, at_once)
    assert [json.loads(one.raw) for one in cuts] == json.loads(body)
    assert [one.line for one in cuts] == list(range(1, len(values) + 1))


LONG = LONGEST_RECORD + 100


@pytest.mark.parametrize(
    "long",
    [
        b'"' + b"x" * LONG + b'"',
        b'"' + b'\\"' * LONG + b'"',
        b'"' + b"\\\\" * LONG + b'"',
        b"9" * 10_000_000,
        b"[" * LONG + b"]" * LONG,
        b'{"a":"' + b"],[" * LONG + b'","b":[{}, "\\\\"]}',
    ],
    ids=["text", "quotes", "backslashes", "digits", "nesting", "brackets"],
)
@pytest.mark.parametrize("at_once", [65_537, 512 * 1024])
def test_an_element_that_is_too_long_is_refused_alone(long: bytes, at_once: int) -> None:
    cuts = cut(Elements(), b"[1, " + long + b", 3," + long + b"]", at_once)
    assert cuts == [Cut(1, b"1"), Cut(2, b"", TOO_LONG), Cut(3, b" 3"), Cut(4, b"", TOO_LONG)]


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{}", b"[1", b'["a', b"[1]]", b"[1] 2", b"1" * LONG, b"[1]" + b"2" * LONG]
)
def test_what_is_no_array_is_told(body: bytes) -> None:
    with pytest.raises(BrokenBody, match="array"):
        cut(Elements(), body)


@pytest.mark.parametrize("at_once", [65_537, 512 * 1024])
def test_a_line_that_is_too_long_is_refused_alone(at_once: int) -> None:
    cuts = cut(Lines(), b"1\n" + b"9" * 10_000_000 + b"\n3\n" + b"x" * LONG, at_once)
    assert cuts == [Cut(1, b"1"), Cut(2, b"", TOO_LONG), Cut(3, b"3"), Cut(4, b"", TOO_LONG)]


CELLS = st.text(st.sampled_from('a",;\n\r é'), max_size=6)


@given(st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=5), st.integers(1, 30))
def test_rows_are_told_apart_as_they_were_written(rows: list[list[str]], at_once: int) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(
        [["event_name", "identifier", "timestamp", "v"]]
    )
    csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    cuts = cut(Table(json_of_cells, ["v"]), written.getvalue().encode(), at_once)
    assert [list(json.loads(one.raw).values()) for one in cuts] == rows


def json_of_cells(cells: dict[str, str]) -> bytes:
    return json.dumps(cells).encode()


@pytest.mark.parametrize(
    "row",
    [
        b'a,b,1,5" pipe',
        b'a,b,1,"5" pipe',
        b"a,b,1",
        b"a,b,1,\xff",
        b'"a"b,"c",1,2',
        b"a,b,1," + b"9" * LONG,
    ],
    ids=["inch", "text after a quote", "cells", "encoding", "quote", "long"],
)
def test_a_bad_row_takes_no_other_with_it(row: bytes) -> None:
    body = HEADER + b"t,i-1,0,1\n" + row + b"\nt,i-3,0,3\n"
    cuts = cut(Table.of_records(), body)
    assert [one.line for one in cuts] == [2, 3, 4]
    assert [one.fault is None for one in cuts if one.line != 3] == [True, True]


def test_a_quoted_field_that_never_ends_is_named_by_its_first_line() -> None:
    table = Table.of_records()
    assert len(table.feed(HEADER + b't,i-1,0,1\nt,i-2,0,"2\nt,i-3,0,3\n')) == 1
    with pytest.raises(BrokenBody, match="row that begins on line 3"):
        table.finish()
    with pytest.raises(BrokenBody, match=f"row from line 2: {TOO_LONG}"):
        cut(Table.of_records(), HEADER + b't,i,0,"' + b'""\n' * LONGEST_RECORD)


def test_another_delimiter_is_understood() -> None:
    body = b'a|b\n"1|\n2"|3,"\n'
    [only] = cut(Table(json_of_cells, ["b"], "|"), body)
    assert (only.line, json.loads(only.raw)) == (3, {"a": "1|\n2", "b": '3,"'})


@pytest.mark.parametrize("framing", [Lines, Elements, Table.of_records])
def test_a_body_of_one_long_line_is_not_held(framing: Callable[[], Framing]) -> None:
    cutting = framing()
    for piece in (b"[1,", *[b"x" * 512 * 1024] * 20):
        cutting.feed(piece)
        held = [
            value for name in ("_rest",) if isinstance(value := getattr(cutting, name, b""), bytes)
        ]
        assert sum(map(len, held)) <= LONGEST_RECORD
