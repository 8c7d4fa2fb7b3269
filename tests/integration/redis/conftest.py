"""Each test that asks for `mode` runs twice: without an event loop, and under one."""

import os
from collections.abc import Iterator
from itertools import count

import pytest
import redis
from tests.integration.redis.modes import MODES, Mode, opened
from tests.integration.redis_server import remove

from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.testing.harness import Concurrently, Drive
from accounts_redis import RedisUrl

_numbers = count()


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    with opened(request.param) as mode:
        yield mode


@pytest.fixture
def drive(mode: Mode) -> Drive:
    return mode.drive


@pytest.fixture
def concurrently(mode: Mode) -> Concurrently:
    return mode.concurrently


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
def limits(mode: Mode, redis_url: RedisUrl, prefix: str) -> RateLimiter:
    return mode.limits(redis_url, prefix=prefix)
