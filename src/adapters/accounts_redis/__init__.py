"""Limits in Redis or Valkey, for those who run one: counted by every process together, without asking the database.

    limits = AsyncRedisLimits.connect(RedisUrl.parse("rediss://accounts:password@cache.example.org/0"))
    accounts = Accounts(store=AsyncSqlStore(engine), limits=limits, ...)
    await limits.aclose()

`AsyncRedisLimits` and `RedisLimits`, which is for hosts without an event loop, are imported from
`accounts_redis.limits`, because they alone need a library.
"""

from accounts_redis.url import RedisUrl

__all__ = ["RedisUrl"]
