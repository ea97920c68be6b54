"""What an answer of a door tells its client to do next."""

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Step = Literal["done", "again", "begin a session"]


class Unclear(Exception):
    """An answer that leaves a client not knowing what to do."""


class Answer(NamedTuple):
    """Status, headers (names in lower case) and document of an answer."""

    status: int
    headers: Mapping[str, str]
    document: dict[str, Any]

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str], body: bytes) -> "Answer":
        """Raises Unclear for a body that is no JSON object."""
        lower = {name.lower(): text for name, text in headers.items()}
        try:
            document = json.loads(body)
        except ValueError:
            raise Unclear(f"{status} {body[:200]!r}") from None
        if not isinstance(document, dict):
            raise Unclear(f"{status} {body[:200]!r}")
        return cls(status, lower, document)

    @property
    def message(self) -> str:
        return str(self.document.get("error", {}).get("message", ""))

    @property
    def replayed(self) -> bool:
        return self.headers.get("idempotent-replayed") == "true"

    @property
    def recorded_before(self) -> bool:
        """Whether a single meter event is refused because its identifier stands already."""
        return self.status == 400 and self.message.startswith("An event already exists with")

    def kind(self) -> str:
        """The answer in a few words, for counting."""
        if self.status == 200:
            return "200 replayed" if self.replayed else "200"
        if self.recorded_before:
            return "400 recorded before"
        error = self.document.get("error", {})
        return f"{self.status} {error.get('code') or error.get('type')}"


def next_step(answer: Answer) -> Step:
    """What to do, as a careful client reads it. Raises Unclear.

    Whatever refuses a request for now has to say so: a 429 and a 503 when to come again, a 409
    that it may be repeated, a 500 that the same key is safe.
    """
    status, headers, error = answer.status, answer.headers, answer.document.get("error", {})
    if status == 200 or answer.recorded_before:
        return "done"
    if status == 401 and error.get("code") == "temporary_session_expired":
        return "begin a session"
    told = {
        409: headers.get("stripe-should-retry") == "true"
        or error.get("type") == "idempotency_error",
        429: "retry-after" in headers and headers.get("stripe-should-retry") == "true",
        500: "sent again" in answer.message,
        503: "retry-after" in headers,
    }
    if told.get(status) and answer.message:
        return "again"
    raise Unclear(f"{status} {answer.document} {dict(headers)}")


def pause_of(answer: Answer) -> float:
    """Seconds to wait before the request is sent again."""
    return float(answer.headers.get("retry-after", 0))
