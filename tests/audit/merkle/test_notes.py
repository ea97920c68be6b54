"""Signed checkpoints, read by a parser of this test's own, and a signature that others made."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.audit.merkle.notes import (
    Checkpoint,
    NoteRefused,
    PublicKey,
    SigningKey,
    open_note,
    read_note,
    sign_note,
)

ORIGIN = "tallybook/acct_default/1"
CHECKPOINT = Checkpoint(ORIGIN, 42, hashlib.sha256(b"root").digest())
KEY = SigningKey(bytes(range(32)))
OTHER_KEY = SigningKey(bytes(32))

GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)
"""The example in the documentation of Go's signed notes."""


def test_a_note_is_what_the_format_says() -> None:
    note = sign_note(CHECKPOINT, KEY)

    lines = note.split("\n")
    assert lines[:2] == [ORIGIN, "42"]
    assert base64.b64decode(lines[2]) == CHECKPOINT.root
    assert lines[3] == ""
    dash, name, encoded = lines[4].split(" ")
    assert (dash, name, lines[5:]) == ("\u2014", ORIGIN, [""])
    _, key_id, public = str(KEY.public(ORIGIN)).split("+", 2)
    raw = base64.b64decode(public)
    assert raw[:1] == b"\x01"
    assert hashlib.sha256(ORIGIN.encode() + b"\n" + raw).hexdigest()[:8] == key_id
    signature = base64.b64decode(encoded)
    assert signature[:4].hex() == key_id
    signed = "\n".join(lines[:3]) + "\n"
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature[4:], signed.encode())


def test_signatures_that_others_made_are_checked() -> None:
    key = PublicKey.parse(GO_KEY)
    raw = base64.b64decode(GO_SIGNATURE)

    assert raw[:4] == key.key_id
    assert key.verifies(raw[4:], GO_TEXT)
    assert not key.verifies(raw[4:], GO_TEXT.upper())
    assert str(key) == GO_KEY


def test_a_note_is_opened_with_its_key() -> None:
    note = sign_note(CHECKPOINT, KEY)

    assert open_note(note, [OTHER_KEY.public(ORIGIN), KEY.public(ORIGIN)]) == CHECKPOINT
    assert read_note(note) == CHECKPOINT


def test_a_signature_by_a_key_that_is_not_known_is_passed_over() -> None:
    signed_by_both = sign_note(CHECKPOINT, OTHER_KEY) + sign_note(CHECKPOINT, KEY).split("\n")[-2]

    assert open_note(signed_by_both + "\n", [KEY.public(ORIGIN)]) == CHECKPOINT


def test_a_note_by_nobody_who_is_trusted_is_refused() -> None:
    with pytest.raises(NoteRefused, match="None of the trusted keys"):
        open_note(sign_note(CHECKPOINT, OTHER_KEY), [KEY.public(ORIGIN)])


def test_a_note_with_any_character_altered_is_refused() -> None:
    note = sign_note(CHECKPOINT, KEY)
    keys = [KEY.public(ORIGIN)]

    opened = 0
    for at in range(len(note)):
        altered = note[:at] + chr(ord(note[at]) ^ 1) + note[at + 1 :]
        try:
            open_note(altered, keys)
        except NoteRefused:
            continue
        opened += 1
    assert opened == 0


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        "a\n1\n\n",
        "origin\n1\nroot\n",
        "text\n\nno signature\n",
        "text\n\n\u2014 name\n",
    ],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteRefused):
        read_note(note)


@pytest.mark.parametrize("size", ["-1", "01", "1.0", "", "9" * 20, "\u0661"])
def test_a_size_is_a_plain_number(size: str) -> None:
    text = f"{ORIGIN}\n{size}\n{base64.b64encode(CHECKPOINT.root).decode()}\n"
    with pytest.raises(NoteRefused):
        Checkpoint.parse(text)


def test_a_key_is_kept_as_text() -> None:
    key = SigningKey.generate()

    assert SigningKey.parse(key.secret() + "\n").public(ORIGIN) == key.public(ORIGIN)
    assert PublicKey.parse(str(key.public(ORIGIN))) == key.public(ORIGIN)


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(bytes(31)).decode()])
def test_what_is_no_signing_key_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        SigningKey.parse(text)


@pytest.mark.parametrize(
    "text", ["", "a+b", GO_KEY.replace("c74f20a3", "c74f20a4"), GO_KEY.replace("+AR", "+BR")]
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        PublicKey.parse(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b"])
def test_a_name_that_a_note_could_not_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a key"):
        KEY.public(name)
