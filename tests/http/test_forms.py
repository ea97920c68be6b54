"""Form decoding: how names nest, and what must be refused."""

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.errors import ApiError
from api.http.forms import MAX_BODY_BYTES, FormMap, decode_form
from tests.http.form_pairs import pairs_of


def test_brackets_without_an_index_make_a_list() -> None:
    assert decode_form(b"expand[]=customer&expand[]=lines") == {"expand": ["customer", "lines"]}


def test_brackets_without_an_index_fill_one_element_until_a_field_repeats() -> None:
    decoded = decode_form(b"i[][price]=a&i[][m][k]=1&i[][price]=b&i[][x][]=1&i[][x][]=2")
    assert decoded == {"i": [{"price": "a", "m": {"k": "1"}}, {"price": "b", "x": ["1", "2"]}]}


def test_an_index_is_only_a_name() -> None:
    assert decode_form(b"items[999999999][price]=p") == {"items": {"999999999": {"price": "p"}}}


def test_the_last_of_two_equal_fields_counts() -> None:
    assert decode_form(b"a=1&b[c]=1&a=2&b[c]=2") == {"a": "2", "b": {"c": "2"}}


def test_utf8_may_be_raw_or_escaped_and_a_plus_may_be_escaped() -> None:
    assert decode_form("name=Zoë%20Zo%C3%AB%2B".encode()) == {"name": "Zoë Zoë+"}


def test_nothing_is_an_empty_map() -> None:
    assert decode_form(b"") == {}
    assert decode_form(b"&&") == {}


HOSTILE = [
    (b"name=50% off", "name", "percent sign"),
    (b"name=%zz", "name", "percent sign"),
    (b"na%zzme=1", "na%zzme", "percent sign"),
    (b"name=%ff", "name", "UTF-8"),
    (b"a=1&name=\xff\xfe&b=2", "name", "UTF-8"),
    (b"\xffx", "�x", "UTF-8"),
    (b"name=%ed%a0%80", "name", "UTF-8"),
    (b"name=a%00b", "name", "NUL"),
    (b"name=a\x00b", "name", "NUL"),
    (b"metadata[a%00]=b", "metadata[a%00]", "NUL"),
    (b"=1", None, "no name"),
    (b"[a]=1", "[a]", "no name"),
    (b"a]=1", "a]", "brackets"),
    (b"a[=1", "a[", "brackets"),
    (b"a[b=1", "a[b", "brackets"),
    (b"a[b]c=1", "a[b]c", "brackets"),
    (b"a[b]c[d]=1", "a[b]c[d]", "brackets"),
    (b"a[[b]]=1", "a[[b]]", "brackets"),
    (b"metadata[x[y]]=1", "metadata[x[y]]", "brackets"),
    (b"a[][]=1", "a[][]", "list directly inside a list"),
    (b"a=1&a[b]=2", "a", "both"),
    (b"a[b]=2&a=1", "a", "both"),
    (b"a[b]=2&a[b][c]=1", "a[b]", "both"),
    (b"a[]=1&a[0]=2", "a", "both"),
    (b"a[0]=1&a[]=2", "a", "both"),
    (b"a[]=1&a=2", "a", "both"),
    (b"a[][b]=1&a[][b][c]=1&a[][b][c]=1&a[x]=1", "a", "both"),
    (b"a[1][2][3][4][5][6][7][8]=1", "a[1][2][3][4][5][6][7][8]", "levels deep"),
    (b"a" + b"[b]" * 10_000 + b"=1", ("a" + "[b]" * 27)[:80], "longer than"),
    (b"a" * 301 + b"=1", "a" * 80, "longer than"),
]


@pytest.mark.parametrize(("sent", "param", "fault"), HOSTILE)
def test_refuses_what_cannot_be_meant(sent: bytes, param: str | None, fault: str) -> None:
    with pytest.raises(ApiError, match=fault) as refused:
        decode_form(sent)
    assert (refused.value.status, refused.value.param) == (400, param)


def test_eight_levels_and_a_thousand_fields_are_allowed() -> None:
    assert pairs_of(decode_form(b"a[1][2][3][4][5][6][7]=x")) == [("a[1][2][3][4][5][6][7]", "x")]
    assert len(decode_form(b"&".join(b"f%d=1" % n for n in range(1_000)))) == 1_000


def test_too_many_fields_are_refused_by_their_number() -> None:
    with pytest.raises(ApiError, match="Too many parameters") as refused:
        decode_form(b"&".join(b"f%d=1" % n for n in range(1_001)))
    assert refused.value.status == 400


def test_too_many_bytes_are_refused() -> None:
    assert decode_form(b"a=" + b"x" * (MAX_BODY_BYTES - 2))
    with pytest.raises(ApiError, match="too large") as refused:
        decode_form(b"a=" + b"x" * (MAX_BODY_BYTES - 1))
    assert refused.value.status == 413


NAMES = st.text(
    st.characters(blacklist_characters="[]\x00", blacklist_categories=("Cs",)),
    min_size=1,
    max_size=12,
)
TEXTS = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",)))
TREES = st.dictionaries(
    NAMES,
    st.recursive(TEXTS, lambda inner: st.dictionaries(NAMES, inner, min_size=1), max_leaves=8),
    max_size=5,
)


@given(tree=TREES, escape=st.sampled_from([quote, quote_plus]), whole=st.booleans())
def test_what_a_client_encodes_is_what_is_read(tree: FormMap, escape: object, whole: bool) -> None:
    assert callable(escape)
    pairs = pairs_of(tree)
    if any(name.count("[") > 7 for name, _ in pairs):
        return
    sent = "&".join(
        f"{escape(name, safe='' if whole else '[]')}={escape(value)}" for name, value in pairs
    )
    assert decode_form(sent.encode()) == tree


def status_of(sent: bytes) -> int:
    try:
        decode_form(sent)
    except ApiError as refused:
        return refused.status
    return 200


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(sent: bytes) -> None:
    assert status_of(sent) in {200, 400}


@given(st.text(alphabet="ab[]01=&%+", max_size=40))
def test_any_brackets_are_read_or_refused(sent: str) -> None:
    assert status_of(sent.encode()) in {200, 400}
