"""A client of the API for tests: it speaks to the application in process, and every call reads as one line."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol, TypeVar

import attrs
import httpx

T = TypeVar("T")

PASSWORD = "a long and quiet river"
OTHER_PASSWORD = "another river, as long"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PROBLEM = "application/problem+json"
URN = "urn:accounts:problem:"


class Run(Protocol):
    """Runs a coroutine to its end in the test's event loop."""

    def __call__(self, coroutine: Coroutine[Any, Any, T], /) -> T: ...


@attrs.frozen
class Client:
    """Somebody with, or without, an access token."""

    run: Run
    http: httpx.AsyncClient
    token: str | None = None

    def call(self, method: str, path: str, **how: Any) -> httpx.Response:
        return self.run(self.request(method, path, **how))

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        **how: Any,
    ) -> httpx.Response:
        if form is not None:
            how["data"] = form
        if self.token is not None:
            headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return await self.http.request(method, path, headers=headers, **how)

    def get(self, path: str, **how: Any) -> httpx.Response:
        return self.call("GET", path, **how)

    def post(self, path: str, **how: Any) -> httpx.Response:
        return self.call("POST", path, **how)

    def put(self, path: str, **how: Any) -> httpx.Response:
        return self.call("PUT", path, **how)

    def delete(self, path: str, **how: Any) -> httpx.Response:
        return self.call("DELETE", path, **how)

    def with_token(self, token: str) -> "Client":
        return attrs.evolve(self, token=token)

    def sign_in(self, email: str, password: str = PASSWORD) -> "Client":
        answer = self.post("/api/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        return self.with_token(answer.json()["access_token"])

    def sign_up(self, email: str = "jane@example.org", name: str = "Jane Doe", password: str = PASSWORD) -> "Client":
        """Register and sign in."""
        answer = self.post("/api/auth/register", json={"email": email, "password": password, "name": name})
        assert answer.status_code == 201, answer.text
        return self.sign_in(email, password)

    @property
    def user(self) -> dict[str, Any]:
        """The user as the user API shows them."""
        data: dict[str, Any] = self.get("/api/v1/user").json()["data"]
        return data


def problem(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    """Check that the answer is this problem, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    document: dict[str, Any] = answer.json()
    assert document["type"] == URN + name
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def invalid(answer: httpx.Response, *fields: str) -> dict[str, list[str]]:
    """Check that the answer refuses just these fields, and return its reasons by field."""
    errors: dict[str, list[str]] = problem(answer, 422, "invalid-fields")["errors"]
    assert set(errors) == set(fields)
    assert all(reason for reasons in errors.values() for reason in reasons)
    return errors


async def in_chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    """Send a body whose length nobody declares."""
    for chunk in chunks:
        yield chunk


def together(run: Run, *calls: Callable[[], Coroutine[Any, Any, httpx.Response]]) -> list[httpx.Response]:
    """Make several calls at the same time."""

    async def all_of_them() -> list[httpx.Response]:
        return await asyncio.gather(*(call() for call in calls))

    return run(all_of_them())
