"""Rate limits in Redis or Valkey, shared by all processes, without load on the database.

    limits = AsyncRedisRateLimiter.connect(RedisUrl.parse("rediss://accounts:password@cache.example.org/0"))
    accounts = Accounts(store=AsyncSqlStore(engine), limits=limits, ...)
    await limits.close()

Import `AsyncRedisRateLimiter`, or `RedisRateLimiter` for host applications without an event loop, from
`accounts_redis.rate_limiter`. Only that module needs a library.
"""

from accounts_redis.url import RedisUrl

__all__ = ["RedisUrl"]
