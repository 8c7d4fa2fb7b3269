"""Mark one notification as read, so that a client does not show it as new any more."""

import attrs

from accounts_core.model.ids import UserId
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.rate_limit_policy import RateLimitPolicy


@attrs.frozen
class MarkNotificationRead:
    """Mark one notification of a user as read."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock

    async def __call__(self, user_id: UserId, id: str) -> None:
        """Mark a notification as read now; one that was read before keeps its time.

        Args:
            user_id: The user whose notification it is.
            id: The id of the notification.

        Raises:
            NotFound: The user has no such notification.
            RateLimitExceeded: Too many changes by this user (`write`).

        """
        await self._rate_limits.consume_write(user_id)
        async with self._store.begin() as work:
            await work.notifications.mark_read(user_id, id, at=self._clock.now())
