"""Mark all notifications as read at once, so that a client shows none of them as new."""

import attrs

from accounts_core.model.ids import UserId
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.rate_limit_policy import RateLimitPolicy


@attrs.frozen
class MarkAllNotificationsRead:
    """Mark every notification of a user as read."""

    _store: Store[UnitOfWork]
    _rate_limits: RateLimitPolicy
    _clock: Clock

    async def __call__(self, user_id: UserId) -> None:
        """Mark every unread notification of a user as read now.

        Args:
            user_id: The user.

        Raises:
            RateLimitExceeded: Too many changes by this user (`write`).

        """
        await self._rate_limits.consume_write(user_id)
        async with self._store.begin() as work:
            await work.notifications.mark_all_read(user_id, at=self._clock.now())
