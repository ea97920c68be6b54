"""HTTP as bytes on a socket: for clients that send too slowly, too little, or nothing sensible."""

import json
import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class RawAnswer:
    """A response as it came, with its body as JSON."""

    status: int
    headers: Mapping[str, str]
    document: dict[str, Any]

    @property
    def message(self) -> str:
        return self.document["error"]["message"]


@dataclass
class RawClient:
    """One connection. Nothing is sent but what is asked for."""

    connection: socket.socket

    def head(self, path: str, key: str, **headers: str) -> None:
        """Send the head of a POST."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"POST {path} HTTP/1.1", "Host: here", f"Authorization: Bearer {key}"]
        lines += [f"{name}: {value}" for name, value in named.items()]
        self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def chunk(self, data: bytes) -> None:
        """Send a piece of a body of unknown length; an empty one ends it."""
        self.connection.sendall(b"%x\r\n%b\r\n" % (len(data), data))

    def answer(self) -> RawAnswer:
        """The next response."""
        with self.connection.makefile("rb") as file:
            status = int(file.readline().split()[1])
            headers = dict[str, str]()
            while line := file.readline().decode().strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = file.read(int(headers["content-length"]))
        return RawAnswer(status, headers, json.loads(body))

    def is_closed(self) -> bool:
        """Whether the server has ended the connection."""
        try:
            return self.connection.recv(1) == b""
        except ConnectionError:
            return True


@contextmanager
def raw_client(base_url: str, timeout: float = 60) -> Generator[RawClient]:
    """A connection to a server, closed with the block."""
    parts = urlsplit(base_url)
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout) as connection:
        yield RawClient(connection)
