"""What the service acknowledged to its clients, and the connection that they share."""

import asyncio
from collections import Counter
from random import Random
from typing import Final, Self

import attrs
import httpx
from tests.integration.processes.programs import StripeServer

PATIENCE_SECONDS: Final = 60.0
MOST_VIOLATIONS: Final = 50
"""After so many there is nothing more to learn from a run."""

LIMITS: Final = ",".join(
    f"{name}.*=1000000/hour" for name in ("sign-in", "sign-up", "verify-card", "recovery", "invite")
)
"""A setting that lets everybody do as much as they like."""


@attrs.define
class Journal:
    """The books of a run, by the name of the write."""

    acknowledged: Counter[str] = attrs.field(factory=Counter)
    refused: Counter[str] = attrs.field(factory=Counter)
    in_doubt: Counter[str] = attrs.field(factory=Counter)
    """Writes whose answer never came, or was 503: each of them was settled afterwards."""
    had_happened: Counter[str] = attrs.field(factory=Counter)
    """Those of them that had taken effect; the others had not, and were performed when they were repeated."""
    unavailable: int = 0
    """How many answers were 503."""
    checks: int = 0
    """How often everything that somebody was told was compared with what was there."""
    violations: list[str] = attrs.field(factory=list)

    def violation(self, text: str) -> None:
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(text)

    @property
    def settled(self) -> int:
        return self.in_doubt.total()

    def note_answer(self, what: str, answer: httpx.Response) -> None:
        """Hold every answer to what holds of all of them: no 500, and no 503 that does not say when to come again."""
        if answer.status_code == 503:
            self.unavailable += 1
            if not answer.headers.get("retry-after", "").isdigit():
                self.violation(f"{what}: 503 without Retry-After")
        elif answer.status_code >= 500:
            self.violation(f"{what}: {answer.status_code} {answer.text}")


class Away(Exception):
    """The service gave no answer, or said that it could not."""


@attrs.define
class Connection:
    """A client of the service as it runs at the moment: each time it may be another process at another address."""

    _client: httpx.AsyncClient | None = None
    _opened: asyncio.Event = attrs.field(factory=asyncio.Event)
    _came: asyncio.Event = attrs.field(factory=asyncio.Event)
    answered: int = 0
    """How many answers have come since it was opened."""

    async def open(self, url: str) -> None:
        await self.aclose()
        limits = httpx.Limits(max_connections=200)
        self._client = httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS, limits=limits, trust_env=False)
        self.answered = 0
        self._opened.set()

    async def aclose(self) -> None:
        """Hold requests back until it is opened again. Requests that were sent are not cut off."""
        self._opened.clear()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def client(self) -> httpx.AsyncClient:
        """Wait until the connection is open."""
        while self._client is None:
            await self._opened.wait()
        return self._client

    async def wait_for_answers(self, count: int) -> None:
        """Wait until so many have come. Raises `TimeoutError`."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.answered < count:
                self._came.clear()
                await self._came.wait()

    def note(self) -> None:
        """Count an answer."""
        self.answered += 1
        self._came.set()


@attrs.frozen(kw_only=True)
class Environment:
    """What all clients of a run share."""

    chance: Random
    stripe: StripeServer | None = None
    journal: Journal = attrs.field(factory=Journal)
    connection: Connection = attrs.field(factory=Connection)
    closing: asyncio.Event = attrs.field(factory=asyncio.Event)
    """Set when everybody is to finish what they do."""

    @classmethod
    def of(cls, seed: int, stripe: StripeServer | None = None) -> Self:
        return cls(chance=Random(seed), stripe=stripe)

    async def ask(
        self, method: str, path: str, *, body: object = None, token: str | None = None, key: str | None = None
    ) -> httpx.Response:
        """Send a request once. Raises `Away` when no answer came, or a 5xx."""
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        if key is not None:
            headers["idempotency-key"] = key
        client = await self.connection.client()
        try:
            answer = await client.request(method, path, json=body, headers=headers)
        except (httpx.TransportError, RuntimeError) as error:  # the latter of a client that was closed meanwhile
            raise Away(f"{method} {path}: {error!r}") from error
        self.connection.note()
        self.journal.note_answer(f"{method} {path}", answer)
        if answer.status_code >= 500:
            raise Away(f"{method} {path}: {answer.status_code}")
        return answer
