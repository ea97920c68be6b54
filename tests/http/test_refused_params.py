"""Request models: the one sentence, code and field for each fault."""

import time

import pytest

from api.http.forms import decode_form
from tests.http.sample_params import Sample, refused

EMPTY = (
    "You passed an empty string for '{0}', which asks to unset it, but '{0}' cannot be unset. "
    "Leave it out or give it a value."
)
INVALID_INTEGER = "parameter_invalid_integer"

FAULTS: list[tuple[str, str | None, str | None, str | None]] = [
    ("nam=x", "Received unknown parameter: nam. Did you mean name?", "parameter_unknown", "nam"),
    ("zzzzzz=x", "Received unknown parameter: zzzzzz", "parameter_unknown", "zzzzzz"),
    (
        "recurring[intervall]=day",
        "Received unknown parameter: recurring[intervall]. Did you mean interval?",
        "parameter_unknown",
        "recurring[intervall]",
    ),
    (
        "tiers[4][up_too]=1",
        "Received unknown parameter: tiers[4][up_too]. Did you mean up_to?",
        "parameter_unknown",
        "tiers[4][up_too]",
    ),
    (
        "recurring[meter]=m",
        "Missing required param: recurring[interval].",
        "parameter_missing",
        "recurring[interval]",
    ),
    ("name=", EMPTY.format("name"), "parameter_invalid_empty", "name"),
    ("count=", EMPTY.format("count"), "parameter_invalid_empty", "count"),
    ("active=", EMPTY.format("active"), "parameter_invalid_empty", "active"),
    ("recurring=", EMPTY.format("recurring"), "parameter_invalid_empty", "recurring"),
    ("tiers=", EMPTY.format("tiers"), "parameter_invalid_empty", "tiers"),
    ("kind=", EMPTY.format("kind"), "parameter_invalid_empty", "kind"),
    ("currency=", EMPTY.format("currency"), "parameter_invalid_empty", "currency"),
    (
        "tiers[1][up_to]=1&tiers[3][up_to]=",
        EMPTY.format("tiers[3][up_to]"),
        "parameter_invalid_empty",
        "tiers[3][up_to]",
    ),
    ("count=abc", "Invalid integer: abc", INVALID_INTEGER, "count"),
    ("count=1.0", "Invalid integer: 1.0", INVALID_INTEGER, "count"),
    ("count=1_0", "Invalid integer: 1_0", INVALID_INTEGER, "count"),
    ("count= 5", "Invalid integer:  5", INVALID_INTEGER, "count"),
    ("count=١٢", "Invalid integer: ١٢", INVALID_INTEGER, "count"),
    ("count=9223372036854775808", None, INVALID_INTEGER, "count"),
    ("count[a]=1", "Invalid integer: a map", INVALID_INTEGER, "count"),
    (
        "recurring[interval]=day&recurring[interval_count]=0",
        "Invalid recurring[interval_count]: must be at least 1.",
        INVALID_INTEGER,
        "recurring[interval_count]",
    ),
    ("active=yes", "Invalid boolean: yes", None, "active"),
    ("active=True", "Invalid boolean: True", None, "active"),
    ("active[a]=true", "Invalid boolean: a map", None, "active"),
    ("active[]=true", "Invalid boolean: a list", None, "active"),
    ("at=abc", "Invalid integer: abc", INVALID_INTEGER, "at"),
    ("at=now", "Invalid integer: now", INVALID_INTEGER, "at"),
    (
        "at=-1",
        "Invalid at: must be a Unix time in seconds from 0 to 7258118400.",
        None,
        "at",
    ),
    (
        "at=999999999999999",
        "Invalid at: must be a Unix time in seconds from 0 to 7258118400.",
        None,
        "at",
    ),
    ("currency=xyz", None, None, "currency"),
    ("currency=\uff55\uff53\uff44", None, None, "currency"),
    ("currency=xau", None, None, "currency"),
    ("kind=x", "Invalid kind: must be by_id", None, "kind"),
    (
        "recurring[interval]=hour",
        "Invalid recurring[interval]: must be one of day, week, month, or year",
        None,
        "recurring[interval]",
    ),
    ("name=elevenchars", "Invalid name: must be at most 10 characters.", None, "name"),
    ("name[a]=x", "Invalid string: a map", None, "name"),
    (
        "recurring=month",
        "Invalid object: recurring must be a map of fields.",
        None,
        "recurring",
    ),
    ("tiers=x", "Invalid array: tiers must be a list.", None, "tiers"),
    ("tiers[a][up_to]=1", "Invalid array: tiers must be a list.", None, "tiers"),
    ("tiers[0][up_to]=1&tiers[00][up_to]=1", "Invalid array: tiers must be a list.", None, "tiers"),
    ("tiers[7]=x", "Invalid object: tiers[7] must be a map of fields.", None, "tiers[7]"),
    ("few[0]=a&few[1]=b&few[2]=c", "Invalid few: at most 2 are allowed.", None, "few"),
    ("payload=x", "Invalid object: payload must be a map of strings.", None, "payload"),
    ("payload[a][b]=x", "Invalid string: a map", None, "payload[a]"),
    (
        "payload[a]=",
        "You passed an empty string for 'payload[a]', which must have a value.",
        "parameter_invalid_empty",
        "payload[a]",
    ),
    ("metadata=x", "Invalid object: metadata must be a map of strings.", None, "metadata"),
    ("metadata[]=x", "Invalid object: metadata must be a map of strings.", None, "metadata"),
    (
        "metadata[a][b]=x",
        "Invalid metadata[a]: must be a string, not a map.",
        None,
        "metadata[a]",
    ),
    (f"metadata[{'k' * 41}]=x", None, None, "metadata"),
    (
        f"metadata[a]={'v' * 501}",
        "Invalid metadata[a]: must be at most 500 characters.",
        None,
        "metadata[a]",
    ),
    (
        "&".join(f"metadata[k{n}]=x" for n in range(51)),
        "Invalid metadata: at most 50 keys are allowed.",
        None,
        "metadata",
    ),
    (
        "expand[0]=a&expand[1]=a.b.c.d.e",
        "You cannot expand more than 4 levels deep: a.b.c.d.e",
        None,
        "expand[1]",
    ),
    ("expand=a", "Invalid array: expand must be a list.", None, "expand"),
]


@pytest.mark.parametrize(("sent", "message", "code", "param"), FAULTS)
def test_names_the_field_and_the_fault(
    sent: str, message: str | None, code: str | None, param: str | None
) -> None:
    found = refused(Sample, dict(decode_form(sent.encode())))
    assert found[1:] == (code, param)
    assert message is None or found[0] == message


BOMBS = [
    "1e1000000",
    "1e100000",
    "1e99999999999999999999",
    "-1e400",
    "1E-13",
    "0.0000000000001",
    "NaN",
    "sNaN",
    "Infinity",
    "-inf",
    " 5",
    "5 ",
    "1_0",
    "٣",
    "0x10",
    "1,5",
    "--1",
    "9" * 10_000,
    "9223372036854775808",
]


@pytest.mark.parametrize("sent", BOMBS)
def test_a_decimal_that_is_none_is_refused_at_once(sent: str) -> None:
    began = time.perf_counter()
    _, _, param = refused(Sample, {"ratio": sent})
    assert param == "ratio"
    assert time.perf_counter() - began < 0.1


@pytest.mark.parametrize("value", [1.5, True, None, [], float("nan")])
def test_a_decimal_is_never_read_from_a_binary_float(value: object) -> None:
    assert refused(Sample, {"ratio": value})[2] == "ratio"


@pytest.mark.parametrize(
    "sent",
    [
        "2026-11-01",
        "2026-11-01 00:00:00Z",
        "2026-11-01T00:00:00",
        "2026-02-30T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "1969-12-31T23:59:59Z",
        1_700_000_000,
    ],
)
def test_a_v2_timestamp_is_rfc_3339(sent: object) -> None:
    assert refused(Sample, {"seen": sent})[2] == "seen"
