"""Delete a notification that the user does not want to keep."""

import attrs

from accounts_core.model.ids import UserId
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class DeleteNotification:
    """Delete one notification of a user."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Delete a notification.

        Args:
            user_id: The user whose notification it is.
            id: The id of the notification.

        Raises:
            NotFound: The user has no such notification.
            RateLimitExceeded: Too many changes by this user (`write`).

        """
        await self._rate_limits.consume_write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await work.notifications.delete(user_id, id)

        await retry_on_conflict(self._store, attempt)
