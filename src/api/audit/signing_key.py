"""Where the key that signs checkpoints comes from: a setting, or a file in the data folder."""

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from api.settings import Settings, SettingsError
from ledger.audit.merkle.notes import NoteRefused, SigningKey

VARIABLE: Final = "TALLYBOOK_SIGNING_KEY"
_FILE: Final = "signing-key"


class NoSigningKey(Exception):
    """There is no key to sign with, and none could be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, and whether it was `given` by a setting. One that was only found in the data folder
    never takes over from another key that has signed before."""

    key: SigningKey = field(repr=False)
    given: bool


def signer_of(settings: Settings) -> Signer:
    """The key of the setting, or else that of the data folder, made when it is first asked for.

    Raises SettingsError for a key that is none, NoSigningKey where the folder cannot keep one.
    """
    if settings.signing_key is not None:
        return Signer(_parsed(settings.signing_key.get_secret_value(), VARIABLE), given=True)
    file = settings.data_dir / _FILE
    try:
        if not file.exists():
            _make(file)
        return Signer(_parsed(file.read_text(encoding="ascii"), str(file)), given=False)
    except (OSError, UnicodeDecodeError) as error:
        raise NoSigningKey(
            f"No key can be kept in {file} ({error}), so checkpoints are not signed. "
            f"Set {VARIABLE}_FILE to a file with 32 random bytes in base64."
        ) from error


def _parsed(text: str, where: str) -> SigningKey:
    try:
        return SigningKey.parse(text)
    except NoteRefused as refused:
        raise SettingsError(f"{where}: {refused}") from None


def _make(file: Path) -> None:
    """A new key that only its owner can read; of two processes at once, the first one's stays."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, made = tempfile.mkstemp(prefix=f".{_FILE}-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as written:
            written.write(f"{SigningKey.generate().secret()}\n")
            written.flush()
            os.fsync(written.fileno())
        try:
            os.link(made, file)
        except FileExistsError:
            return
    finally:
        Path(made).unlink()
