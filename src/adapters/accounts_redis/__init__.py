"""Limits in Redis or Valkey, for those who run one: counted by every process together, without asking the database.

    limits = AsyncRedisRateLimiter.connect(RedisUrl.parse("rediss://accounts:password@cache.example.org/0"))
    accounts = Accounts(store=AsyncSqlStore(engine), limits=limits, ...)
    await limits.aclose()

`AsyncRedisRateLimiter` and `RedisRateLimiter`, which is for hosts without an event loop, are imported from
`accounts_redis.rate_limiter`, because they alone need a library.
"""

from accounts_redis.url import RedisUrl

__all__ = ["RedisUrl"]
