"""A proxy in front of a server that loses requests and answers when it is told to."""

import http.client
import socket
import threading
from collections import deque
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, NamedTuple
from urllib.parse import urlsplit

Loss = Literal["answer", "end of the answer", "connection", "end of the request"]
"""The answer, when the server has given it; all but its last byte; the connection, as soon as
the server was given the request; the second half of the request."""

LOSSES: tuple[Loss, ...] = ("answer", "end of the answer", "connection", "end of the request")
_SECONDS = 20.0


class _Seen(NamedTuple):
    head: bytes
    path: str
    body: bytes


@dataclass
class LosingProxy:
    """Each loss befalls one request to a path in `paths`, in order; then all is passed on."""

    target: str
    paths: frozenset[str]
    losses: deque[Loss] = field(default_factory=deque[Loss])
    lost: int = 0
    _server: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _open: list[socket.socket] = field(default_factory=list[socket.socket])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def serve(self) -> None:
        """Until it is closed. For a thread."""
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for client in self._open:
            client.close()

    def _answer(self, client: socket.socket) -> None:
        client.settimeout(_SECONDS)
        with closing(client), client.makefile("rb") as stream:
            try:
                while (seen := _read(stream)) and self._pass_on(seen, client):
                    pass
            except OSError:
                return

    def _pass_on(self, seen: _Seen, client: socket.socket) -> bool:
        """Whether the connection stays."""
        loss = self.losses.popleft() if self.losses and seen.path in self.paths else None
        self.lost += loss is not None
        place = urlsplit(self.target)
        address = (place.hostname or "", place.port or 80)
        with closing(socket.create_connection(address, _SECONDS)) as server:
            if loss == "end of the request":
                server.sendall(seen.head + seen.body[: len(seen.body) // 2])
                return False
            server.sendall(seen.head + seen.body)
            if loss == "connection":
                return False
            answer = _answer_of(server)
        if loss is None:
            client.sendall(answer)
        elif loss == "end of the answer":
            client.sendall(answer[:-1])
        return loss is None


def _read(stream: BinaryIO) -> _Seen | None:
    """The next request, None at the end."""
    first = stream.readline()
    if not first:
        return None
    lines, length = [first], 0
    while (line := stream.readline()) not in {b"\r\n", b""}:
        lines.append(line)
        name, _, text = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(text)
    head = b"".join([*lines, b"\r\n"])
    return _Seen(head, first.split()[1].decode(), stream.read(length))


def _answer_of(server: socket.socket) -> bytes:
    """The whole answer as it may be passed on."""
    response = http.client.HTTPResponse(server)
    response.begin()
    body = response.read()
    kept = [(n, t) for n, t in response.getheaders() if n.lower() != "transfer-encoding"]
    headers = "".join(f"{n}: {t}\r\n" for n, t in kept if n.lower() != "content-length")
    head = f"HTTP/1.1 {response.status} {response.reason}\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def losing_proxy(target: str, *paths: str) -> Generator[LosingProxy]:
    """A proxy for as long as the block runs, which loses requests to these paths."""
    proxy = LosingProxy(target, frozenset(paths))
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
