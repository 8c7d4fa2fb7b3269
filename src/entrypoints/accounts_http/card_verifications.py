"""Card verifications with a time limit for the client.

Money is held meanwhile, so the work does not depend on the client: it is a task that continues after a lost connection
or the time limit. A verification that a stop of the service interrupts is in the database, and a worker finishes it.
For integrations on asyncio.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, Protocol

from accounts_core import Accounts
from accounts_core.errors import AccountsError, VerificationInProgress
from accounts_core.model.ids import UserId
from accounts_core.results import ActionRequired, VerificationResult
from accounts_http.errors import StillVerifying

logger: Final = logging.getLogger("accounts_http")

ASK_AGAIN_SECONDS: Final = 0.25
"""Delay between two looks at another call's verification of the same card."""

Outcome = VerificationResult | ActionRequired


class VerifiesCards(Protocol):
    """Verifies cards for a client that waits; `CardVerifications` does so on asyncio."""

    async def verify(
        self,
        user_id: UserId,
        *,
        payment_method: str,
        return_url: str | None,
        client: str | None,
        idempotency_key: str | None = None,
        accounts: Accounts[Any] | None = None,
    ) -> Outcome:
        """Verify a card, as `Accounts.verify_card` does."""
        ...


class CardVerifications:
    """Runs verifications, each for at most `limit_seconds` of a client's time."""

    def __init__(self, accounts: Accounts[Any], *, limit_seconds: float) -> None:
        self._accounts = accounts
        self._limit_seconds = limit_seconds
        self._running: set[asyncio.Task[Outcome]] = set()

    async def verify(
        self,
        user_id: UserId,
        *,
        payment_method: str,
        return_url: str | None,
        client: str | None,
        idempotency_key: str | None = None,
        accounts: Accounts[Any] | None = None,
    ) -> Outcome:
        """Verify a card, as `Accounts.verify_card` does, through `accounts` if they are given.

        Raises:
            StillVerifying: The time is up; the verification continues.
            VerificationInProgress: Another call is verifying the same card and was not done in time.

        """
        # looking again while another call is verifying is one request, and counts as one
        accounts = (accounts or self._accounts).for_one_request()
        deadline = asyncio.get_running_loop().time() + self._limit_seconds
        while True:
            try:
                work = accounts.verify_card(
                    user_id,
                    payment_method=payment_method,
                    return_url=return_url,
                    client=client,
                    idempotency_key=idempotency_key,
                )
                return await self._attempt(work, deadline)
            except VerificationInProgress:
                if asyncio.get_running_loop().time() + ASK_AGAIN_SECONDS >= deadline:
                    raise
            await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def _attempt(self, work: Coroutine[Any, Any, Outcome], deadline: float) -> Outcome:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        # wait(), unlike wait_for(), leaves the task alone when the time is up or this call is cancelled
        await asyncio.wait({task}, timeout=deadline - asyncio.get_running_loop().time())
        if not task.done():
            raise StillVerifying
        return task.result()

    def _ended(self, task: asyncio.Task[Outcome]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()  # retrieved here, because the client may be gone
        if error is not None and not isinstance(error, AccountsError):
            logger.error("A verification failed.", exc_info=error)

    async def drain(self, *, limit_seconds: float) -> None:
        """Wait for running verifications, then cancel the rest, which a worker resumes from the database."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=limit_seconds)
        rest = set(self._running)
        for task in rest:
            task.cancel()
        if rest:
            logger.warning("%d verifications were stopped; the outbox finishes them.", len(rest))
            await asyncio.wait(rest)
