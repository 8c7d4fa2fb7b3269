from datetime import timedelta

import pytest

from accounts_core.errors import RateLimitExceeded
from accounts_core.ports.rate_limiter import RateLimit
from accounts_core.testing.builders import NOON
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore

ONCE = RateLimit(1, timedelta(hours=1))


class OwnRateLimiterContract(StoreContract):
    """`Store.rate_limiter`, of a store that commits."""

    async def test_all_rate_limiters_of_a_store_count_together(self, store: AnyStore) -> None:
        await store.rate_limiter().consume("sign-in", {"jane": ONCE}, now=NOON)

        with pytest.raises(RateLimitExceeded):
            await store.rate_limiter().consume("sign-in", {"jane": ONCE}, now=NOON)
        await store.rate_limiter().consume("sign-in", {"john": ONCE}, now=NOON)
