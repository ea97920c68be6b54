"""A served database that can be dumped, and a person whose words stand nowhere else in it."""

import base64
import os
import re
import subprocess
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from api.database.binaries import find_binaries
from tests.support.postgres import PostgresServer
from tests.support.served import Served, serving


@dataclass(frozen=True)
class Person:
    """Words that stand nowhere else in the database, and what is said of a customer with them."""

    word: str = field(default_factory=lambda: f"Quill{uuid.uuid4().hex}feather")

    @property
    def secrets(self) -> dict[str, str]:
        return {
            "name": f"Zerafina {self.word}",
            "email": f"z@{self.word}.example",
            "street": f"77 {self.word} Mews",
            "note": f"met at the harbour of {self.word}",
        }

    def fields(self) -> dict[str, Any]:
        """The customer, with everything that a request can say about them."""
        name, email, street, note = self.secrets.values()
        return {
            "name": name,
            "email": email,
            "address": {"line1": street, "city": "Kotor"},
            "shipping": {"name": name, "address": {"line1": street}},
            "description": note,
            "metadata": {"note": note},
            "invoice_settings": {"footer": note, "custom_fields": [{"name": "For", "value": name}]},
        }

    def told_by(self, dump: bytes) -> set[str]:
        """Which of it can be read in a dump."""
        return told_of(self.secrets, dump)


def told_of(secrets: dict[str, str], dump: bytes) -> set[str]:
    """Which of some texts can be read in a dump."""
    return {what for what, text in secrets.items() if any(form in dump for form in _forms(text))}


def _forms(text: str) -> list[bytes]:
    """A text as it could stand in a dump: plain, or in base64 wherever it began."""
    plain = text.encode()
    shifted = (base64.b64encode(bytes(shift) + plain)[4:-4] for shift in range(3))
    return [plain, *shifted]


class Place:
    """A served database of this file's own, which its administrator can dump."""

    def __init__(self, served: Served, admin_url: str) -> None:
        self.served = served
        self.admin_url = admin_url

    def dump(self) -> bytes:
        """Everything that stands in the database, once as it is and once inflated."""
        program = find_binaries(None) / "pg_dump"
        dumped = subprocess.run(
            [str(program), "--inserts", self.admin_url],
            capture_output=True,
            check=True,
            env={**os.environ, "PGCONNECT_TIMEOUT": "10"},
        ).stdout
        blobs = [bytes.fromhex(text.decode()) for text in re.findall(rb"'\\x([0-9a-f]+)'", dumped)]
        return b"\n".join([dumped, *blobs, *map(_inflated, blobs)])


def _inflated(blob: bytes) -> bytes:
    """What was deflated; nothing where a blob is none of that, such as a hash."""
    try:
        return zlib.decompress(blob)
    except zlib.error:
        return b""


@pytest.fixture(scope="module")
def place(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    with (
        postgres_server.database() as database,
        serving(
            tmp_path_factory.mktemp("forgetting"),
            database.app_url,
            DATABASE_URL=database.app_url,
            TALLYBOOK_OWNER_DATABASE_URL=database.owner_url,
            workers=1,
        ) as served,
    ):
        yield Place(served, postgres_server.url(postgres_server.owner_role, database.name))


@pytest.fixture
def person() -> Person:
    return Person()
