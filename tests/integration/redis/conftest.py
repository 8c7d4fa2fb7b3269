"""Each test that asks for `way` runs twice: without an event loop, and under one."""

import os
from collections.abc import Iterator
from itertools import count

import pytest
import redis
from tests.integration.redis.ways import WAYS, Way, opened
from tests.integration.redis_server import remove

from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.testing.harness import Concurrently, Drive
from accounts_redis import RedisUrl

_numbers = count()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with opened(request.param) as way:
        yield way


@pytest.fixture
def drive(way: Way) -> Drive:
    return way.drive


@pytest.fixture
def concurrently(way: Way) -> Concurrently:
    return way.concurrently


@pytest.fixture
def client(redis_url: RedisUrl) -> Iterator[redis.Redis]:
    """A client of the test's own, to look at what was written."""
    with redis.Redis.from_url(redis_url.text) as client:
        yield client


@pytest.fixture
def prefix(client: redis.Redis) -> Iterator[str]:
    """What the keys of this test begin with; removed at the end."""
    prefix = f"accounts-test-{os.getpid()}-{next(_numbers)}"
    yield prefix
    remove(client, prefix)


@pytest.fixture
def limits(way: Way, redis_url: RedisUrl, prefix: str) -> RateLimiter:
    return way.limits(redis_url, prefix=prefix)
