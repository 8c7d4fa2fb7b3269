"""One thing that a client asks for, until it knows whether it was done.

A write whose answer is lost is in doubt. It is looked up whether it took effect, and the very same request is sent
again. Both have to say the same: what took effect is answered as it was, or refused as what is there already, and what
did not is performed, once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import uuid4

import attrs
import httpx
from tests.chaos.journal import Away, Environment, Journal

PAUSE_SECONDS: Final = 0.1
MOST_REPEATS: Final = 2_000

Look = Callable[[], Awaitable[bool]]


@attrs.frozen(kw_only=True)
class Write:
    """A request, what it is answered when it is performed, and how to find out whether it was."""

    name: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    token: str | None = None
    done: int
    """The status of the answer once it is done."""
    was_done: Look | None = None
    """Looks whether it took effect; None where only a repeat can tell."""
    done_before: int | None = None
    """The status of a repeat when it was done, where that is no replay."""
    keyed: bool = True
    """Whether it is sent with an `Idempotency-Key`."""


@attrs.define
class _Attempts:
    """How a write is going."""

    write: Write
    journal: Journal
    in_doubt: bool = False
    known: bool | None = None
    """Whether it took effect, once somebody has looked."""

    def lost(self) -> None:
        if not self.in_doubt:
            self.journal.in_doubt[self.write.name] += 1
        self.in_doubt = True

    def looked(self, found: bool) -> None:
        if self.known and not found:
            self.journal.violation(f"{self.write.name}: it was there, and is no longer")
        self.known = found

    def answered(self, answer: httpx.Response) -> None:
        """Compare the answer with what was found."""
        write, journal = self.write, self.journal
        is_replay = answer.headers.get("idempotent-replayed") == "true"
        before = write.done_before
        had_happened = is_replay or (self.in_doubt and before is not None and answer.status_code == before)
        if not had_happened and answer.status_code != write.done:
            journal.violation(f"{write.name}: {answer.status_code} {answer.text}, in doubt: {self.in_doubt}")
            return
        if is_replay and answer.status_code != write.done:
            journal.violation(f"{write.name}: replayed with {answer.status_code} {answer.text}")
        if had_happened and not self.in_doubt:
            journal.violation(f"{write.name}: replayed though it was asked for once")
        if self.known is not None and self.known is not had_happened:
            journal.violation(f"{write.name}: found done: {self.known}; the repeat says: {had_happened}")
        if self.in_doubt and had_happened:
            journal.had_happened[write.name] += 1
        journal.acknowledged[write.name] += 1


async def perform(env: Environment, write: Write) -> httpx.Response:
    """Have it done, however often the service goes away meanwhile, and return the answer that says so."""
    key = uuid4().hex if write.keyed else None
    attempts = _Attempts(write, env.journal)
    for _ in range(MOST_REPEATS):
        try:
            if attempts.in_doubt and write.was_done is not None:
                attempts.looked(await write.was_done())
            answer = await env.ask(write.method, write.path, body=write.body, token=write.token, key=key)
        except Away:
            attempts.lost()
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        if answer.status_code == 409 and attempts.in_doubt and answer.status_code != write.done_before:
            await asyncio.sleep(PAUSE_SECONDS)  # whoever was killed over it still has its claim, for a while
            continue
        attempts.answered(answer)
        return answer
    raise AssertionError(f"{write.name} was in doubt for good")


async def be_refused(env: Environment, write: Write, *statuses: int) -> None:
    """Ask for what may not be done: the answer has one of these statuses."""
    try:
        answer = await env.ask(write.method, write.path, body=write.body, token=write.token, key=uuid4().hex)
    except Away:
        return  # it may not be done, whether or not it was refused in so many words
    if answer.status_code in statuses:
        env.journal.refused[write.name] += 1
    else:
        env.journal.violation(f"{write.name}: refused with {answer.status_code} {answer.text}")


async def retried_while_locked(look: Callable[[], Awaitable[Any]]) -> Any:
    """Read until there is an answer."""
    for _ in range(MOST_REPEATS):
        try:
            return await look()
        except Away:
            await asyncio.sleep(PAUSE_SECONDS)
    raise AssertionError("nobody answers any more")
