"""Requests whose answers must have the shape that the official package declares."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.stripe_shape import deletion_problems, problems

ERROR_TYPES = {"api_error", "idempotency_error", "invalid_request_error"}
ERROR_FIELDS = {"type", "code", "message", "param"}

Form = dict[str, Any]


@dataclass
class Conforming:
    """Asks, and checks what comes back."""

    http: httpx.Client

    def post(self, path: str, shape: str, form: Form | None = None) -> dict[str, Any]:
        return checked(self.http.post(path, data=form or {}), shape)

    def get(self, path: str, shape: str, query: Form | None = None) -> dict[str, Any]:
        return checked(self.http.get(path, params=query or {}), shape)

    def delete(self, path: str, shape: str, query: Form | None = None) -> dict[str, Any]:
        return checked(self.http.delete(path, params=query or {}), shape)

    def deletion(self, path: str, object_name: str) -> None:
        """A deletion that answers id, object and deleted."""
        response = self.http.delete(path)
        assert response.status_code == 200, response.text
        assert deletion_problems(response.json(), object_name) == []

    def refused(self, method: str, path: str, status: int, form: Form | None = None) -> None:
        """A v1 error in its envelope."""
        where: Any = {"params": form} if method in ("GET", "DELETE") else {"data": form}
        response = self.http.request(method, path, **where)
        assert response.status_code == status, response.text
        assert_v1_error(response)


def checked(response: httpx.Response, shape: str) -> dict[str, Any]:
    """The answer of a request that was granted, in the shape of a class."""
    assert response.status_code == 200, response.text
    assert response.headers["request-id"].startswith("req_")
    assert response.headers["stripe-version"]
    answer = response.json()
    assert problems(answer, shape) == []
    return answer


def assert_v1_error(response: httpx.Response) -> None:
    """The v1 envelope, with nothing in it that no client knows."""
    assert response.headers["request-id"].startswith("req_")
    answer = response.json()
    assert answer.keys() == {"error"}
    error = answer["error"]
    assert error["type"] in ERROR_TYPES
    assert error.keys() <= ERROR_FIELDS
    assert error["message"]
    assert all(isinstance(value, str) for value in error.values())
