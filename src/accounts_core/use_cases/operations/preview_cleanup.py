"""The counts come from the same table of times as the cleanup (`services.expiry`), so both agree."""

import attrs

from accounts_core.model.policy import Policy
from accounts_core.ports.clock import Clock
from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.expiry import COUNTED_AS, CleanupResult, expiries, unverified


@attrs.frozen
class PreviewCleanup:
    """Count what the cleanup would delete now."""

    _store: Store[UnitOfWork]
    _limits: RateLimiter | None
    _clock: Clock
    _policy: Policy

    async def __call__(self) -> CleanupResult:
        """Count the expired rows and old unverified accounts that `run_cleanup` would delete now.

        Unverified accounts that the application's own data blocks are counted too.

        Returns:
            The counts by kind. `attempts` is 0 without rate limits, and where the store of attempts expires them by
            itself.

        Raises:
            Unavailable: The database is away.

        """
        now = self._clock.now()
        counts = dict.fromkeys(attrs.fields_dict(CleanupResult), 0)
        for kind, times in expiries(self._policy, now):
            async with self._store.reader() as reader:
                counts[COUNTED_AS[kind]] = await reader.cleanup.count(kind, **times)
        if self._limits is not None:
            counts["attempts"] = await self._limits.count_expired(now=now)
        if self._policy.unverified_accounts is not None:
            async for _ in unverified(self._store, now - self._policy.unverified_accounts):
                counts["unverified_accounts"] += 1
        return CleanupResult(**counts)
