"""Delivery of mails right after the commit that causes them, for applications that run no worker."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from enum import StrEnum
from typing import Any, Final

import attrs

from accounts_core.model.jobs import JobKind
from accounts_core.outbox.worker import RunWorker
from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.ports.store import Reader, Store

MOST_MAILS: Final = 8
"""Maximum number of mail jobs that one call performs before it returns, jobs left by earlier calls included."""


class MailDispatch(StrEnum):
    """Where the mails that a call causes are sent."""

    AFTER_COMMIT = "after_commit"
    """In the call, after its transaction has committed; the call returns once the mail server has accepted them. A
    later call or a worker retries what failed. The duration of a call reveals whether a mail was sent, and therefore
    whether an address has an account."""
    WORKER = "worker"
    """In a worker, which has to be running. No call waits for a mail server."""


@attrs.define
class Commits:
    """Flag that a unit of work has committed since mail jobs were last performed."""

    is_noted: bool = False


class NotingStore:
    """Wrapper of a store that records each commit in `commits` and delegates everything else."""

    def __init__(self, store: Store[Any], commits: Commits) -> None:
        self._store = store
        self._noted = commits

    @property
    def commits(self) -> bool:
        return self._store.commits

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with self._store.begin() as work:
            yield work
        self._noted.is_noted = True

    def rate_limiter(self) -> RateLimiter:
        return self._store.rate_limiter()

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        return self._store.reader()

    def joined(self, transaction: object) -> Store[Any]:
        return self._store.joined(transaction)


@attrs.frozen
class DispatchMails:
    """Performs the mail jobs that are due, until one fails."""

    _run_due: RunWorker

    async def __call__(self) -> None:
        """Perform up to `MOST_MAILS` jobs. No error is raised; a job that fails stays in the outbox.

        The call that caused the jobs has committed. An error here would lose its result, such as an access token.
        """
        with suppress(Exception):
            for _ in range(MOST_MAILS):
                ran = await self._run_due(limit=1, kinds=frozenset({JobKind.MAIL}))
                if not ran.done:
                    return
