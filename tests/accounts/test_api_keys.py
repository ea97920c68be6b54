"""The text of a key: made, hashed, shown, and chosen by an operator."""

import re

import pytest

from ledger.accounts.api_keys import (
    check_seed,
    generate_key,
    has_valid_checksum,
    hash_key,
    key_id_of,
    redact_key,
)
from ledger.accounts.events import KeyKind
from ledger.kernel.errors import InvalidRequest


@pytest.mark.parametrize(
    ("kind", "livemode", "prefix"),
    [
        ("secret", False, "sk_test_"),
        ("secret", True, "sk_live_"),
        ("restricted", False, "rk_test_"),
        ("restricted", True, "rk_live_"),
    ],
)
def test_a_key_says_what_it_is_and_carries_256_random_bits(
    kind: KeyKind, livemode: bool, prefix: str
) -> None:
    key = generate_key(kind, livemode=livemode)
    assert re.fullmatch(prefix + "[0-9A-Za-z]{49}", key)
    assert 62**43 > 2**256
    assert key != generate_key(kind, livemode=livemode)


def test_the_checksum_tells_a_mistyped_key() -> None:
    key = generate_key("secret", livemode=False)
    assert has_valid_checksum(key)
    for place in range(len("sk_test_"), len(key)):
        other = "A" if key[place] != "A" else "B"
        assert not has_valid_checksum(key[:place] + other + key[place + 1 :])


def test_the_hash_is_of_the_whole_key_and_names_it_always_the_same() -> None:
    assert (
        hash_key("sk_test_abc")
        == "4b4090ccee1e713c3d411b96a4226b90bd0f0deb34e02d19475a951316fd04ee"
    )
    assert key_id_of(hash_key("sk_test_abc")) == key_id_of(hash_key("sk_test_abc"))
    assert key_id_of(hash_key("sk_test_abc")) != key_id_of(hash_key("sk_live_abc"))
    assert re.fullmatch("key_[0-9A-Za-z]{24}", key_id_of(hash_key("sk_test_abc")))


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("sk_test_aaaaaaaaaaaaaaaaaaaaaaaa1234", "sk_test_****1234"),
        ("rk_live_aaaaaaaaaaaaaaaaaaaaaaaa9xYz", "rk_live_****9xYz"),
        ("sk_test_short", "sk_test_****"),
        ("password-of-somebody-5678", "****5678"),
        ("hunter2", "****"),
        ("", "****"),
        ("sk_test_aaaaaaaaaaaaaaaa<b>", "sk_test_****"),
        ("sk_test_aaaaaaaaaaaaaaaa\n123", "sk_test_****"),
    ],
)
def test_little_is_shown_of_a_key(key: str, shown: str) -> None:
    assert redact_key(key) == shown


@pytest.mark.parametrize("key", ["sk_test_12345678", "sk_test_ci_key_of_the_build"])
def test_an_operator_may_choose_a_test_key(key: str) -> None:
    check_seed(key)


def test_a_generated_key_may_be_seeded_if_typed_in_full() -> None:
    key = generate_key("secret", livemode=False)
    check_seed(key)
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
    with pytest.raises(InvalidRequest, match="mistyped") as refused:
        check_seed(wrong)
    assert wrong not in refused.value.message


@pytest.mark.parametrize(
    "key",
    ["sk_live_12345678", "rk_test_12345678", "12345678", "sk_test_short", "sk_test_1234 5678", ""],
)
def test_no_other_key_may_be_seeded_and_the_refusal_does_not_show_it(key: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_seed(key)
    assert not key or key not in refused.value.message
