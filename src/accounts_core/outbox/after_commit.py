"""Mails right after the commit that causes them, for applications that run no worker beside their requests."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from enum import StrEnum
from typing import Any, Final

import attrs

from accounts_core.model.jobs import JobKind
from accounts_core.outbox.worker import RunWorker
from accounts_core.ports.store import Reader, Store

MOST_MAILS: Final = 8
"""How many mail jobs a call does at most before it returns: its own, and what earlier calls could not send."""


class MailDispatch(StrEnum):
    """Who sends the mails that a call causes."""

    AFTER_COMMIT = "after_commit"
    """The call itself, once its transaction has committed: it returns when the mail server has taken them. What fails
    is tried again by a later call or by a worker. The duration of a call tells whether a mail was sent, and so
    whether an address has an account."""
    WORKER = "worker"
    """A worker, which has to be running. No call waits for a mail server."""


@attrs.define
class Commits:
    """Whether a unit of work has committed since mails were last looked for."""

    is_noted: bool = False


class NotingStore:
    """A store that notes its commits. Everything else is the store's that it was made of."""

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

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        return self._store.reader()


@attrs.frozen
class DispatchMails:
    """Does the mail jobs that are due, until one fails."""

    _run_due: RunWorker

    async def __call__(self) -> None:
        """Do up to `MOST_MAILS` jobs. Nothing is raised: what fails stays in the outbox.

        The call that caused them has committed, and an error here would lose its result, such as an access token.
        """
        with suppress(Exception):
            for _ in range(MOST_MAILS):
                ran = await self._run_due(limit=1, kinds=frozenset({JobKind.MAIL}))
                if not ran.done:
                    return
