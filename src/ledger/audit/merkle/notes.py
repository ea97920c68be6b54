"""Signed checkpoints: what a ledger's tree was at a size, in C2SP's signed-note format.

A checkpoint is three lines (the origin that names the ledger, the size, the root in base64), an
empty line and signature lines `— name base64(key id || Ed25519 signature)`. A public key is written
`name+key id+base64(1 || key)`; the key id is the first four bytes of SHA-256(name || LF || 1 ||
key). Formats: c2sp.org/signed-note and c2sp.org/tlog-checkpoint.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.audit.merkle.tree import HASH_BYTES

_ED25519: Final = b"\x01"
_ID_BYTES: Final = 4
_SEED_BYTES: Final = 32
_SIGNED_BY: Final = "\N{EM DASH} "
_NAME: Final = re.compile(r"[^\s+]+")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteRefused(ValueError):
    """A text is no signed checkpoint, or not one by any of the keys that are trusted."""


class Checkpoint(NamedTuple):
    """The tree of the ledger that `origin` names, when it had `size` leaves."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checkpoint of a note's text; lines after the third say more and are passed over.

        Raises NoteRefused.
        """
        origin, size, root, *_ = [*text.split("\n"), "", "", ""]
        hashed = _bytes_of(root)
        if not origin or not _NUMBER.fullmatch(size) or len(hashed) != HASH_BYTES:
            raise NoteRefused("The note does not say an origin, a size and a root.")
        return cls(origin, int(size), hashed)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Checks signatures by a name."""

    name: str
    raw: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that signature lines name the key by."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """The key as outsiders keep it."""
        raw = base64.b64encode(_ED25519 + self.raw).decode()
        return f"{self.name}+{self.key_id.hex()}+{raw}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """A key as it is written. Raises NoteRefused."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = _bytes_of(encoded)
        if not _NAME.fullmatch(name) or len(raw) != 1 + _SEED_BYTES or raw[:1] != _ED25519:
            raise NoteRefused("A public key is written NAME+ID+BASE64, of an Ed25519 key.")
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise NoteRefused("The public key and its id do not go together.")
        return key

    def verifies(self, signature: bytes, text: str) -> bool:
        """Whether a signature by this key stands under a text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A secret that checkpoints are signed with, under any name."""

    def __init__(self, seed: bytes) -> None:
        """Raises ValueError unless the seed has 32 bytes."""
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A key as it is kept: its 32 secret bytes in base64. Raises NoteRefused."""
        seed = _bytes_of(text.strip())
        if len(seed) != _SEED_BYTES:
            raise NoteRefused("A signing key is 32 bytes in base64.")
        return cls(seed)

    @classmethod
    def generate(cls) -> Self:
        """A new key."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    def secret(self) -> str:
        """The key as it is kept."""
        return base64.b64encode(self._private.private_bytes_raw()).decode()

    def public(self, name: str) -> PublicKey:
        """What checks signatures by this name. Raises ValueError for a name no key can have."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a key: it has white space or a plus sign")
        return PublicKey(name, self._private.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """The signature of a text."""
        return self._private.sign(text.encode())


def sign_note(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The signed note of a checkpoint; the origin names the key too."""
    text, public = checkpoint.text(), key.public(checkpoint.origin)
    signature = base64.b64encode(public.key_id + key.sign(text)).decode()
    return f"{text}\n{_SIGNED_BY}{public.name} {signature}\n"


def open_note(note: str, keys: Iterable[PublicKey]) -> Checkpoint:
    """The checkpoint of a note that one of these keys has signed.

    Signatures by other keys are passed over. Raises NoteRefused for a text that is no signed note,
    for a wrong signature by one of the keys, and where none of them has signed.
    """
    text, signatures = _parts(note)
    signed = False
    known = {(key.name, key.key_id): key for key in keys}
    for name, raw in signatures:
        key = known.get((name, raw[:_ID_BYTES]))
        if key is None:
            continue
        if not key.verifies(raw[_ID_BYTES:], text):
            raise NoteRefused(f"The signature by {name} is not under this text.")
        signed = True
    if not signed:
        raise NoteRefused("None of the trusted keys has signed the note.")
    return Checkpoint.parse(text)


def read_note(note: str) -> Checkpoint:
    """The checkpoint of a note, whoever has signed it. Raises NoteRefused."""
    return Checkpoint.parse(_parts(note)[0])


def keys_named(note: str, keys: Iterable[PublicKey]) -> list[PublicKey]:
    """Those of some keys that a note says it is signed by. Raises NoteRefused."""
    named = {(name, raw[:_ID_BYTES]) for name, raw in _parts(note)[1]}
    return [key for key in keys if (key.name, key.key_id) in named]


def _parts(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The signed text, and name, key id and signature of each line under it."""
    head, blank, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not blank or len(lines) < 2 or lines[-1]:
        raise NoteRefused("A signed note has a text, an empty line and lines of signatures.")
    signatures: list[tuple[str, bytes]] = []
    for line in lines[:-1]:
        name, space, encoded = line.removeprefix(_SIGNED_BY).partition(" ")
        raw = _bytes_of(encoded)
        if not line.startswith(_SIGNED_BY) or not space or len(raw) <= _ID_BYTES:
            raise NoteRefused("A line under the text is not a signature.")
        signatures.append((name, raw))
    return head + "\n", signatures


def _bytes_of(text: str) -> bytes:
    """Decoded base64; nothing where it is none, or not as it would be encoded."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""
