"""A cluster: all that a call counts lives in one slot, which is what a script needs there."""

from collections.abc import Iterator

import pytest
import redis
import redis.asyncio
from redis.exceptions import RedisClusterException
from tests.integration.redis.modes import ASYNC, BLOCKING, Mode
from tests.integration.redis_server import needs_a_server_of_its_own, serving_redis_on_a_port

from accounts_core.errors import RateLimitExceeded
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_core.testing.builders import at
from accounts_core.testing.harness import Drive
from accounts_redis.rate_limiter import AsyncRedisRateLimiter, RedisRateLimiter

pytestmark = [pytest.mark.usefixtures("drive"), needs_a_server_of_its_own]

SCOPES = {f"scope {n}": RateLimit(1, at(60) - at(0)) for n in range(20)}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a cluster of one node, which refuses what goes over several slots as any node does."""
    options = ("--port", "{port}", "--cluster-enabled", "yes", "--cluster-port", "{other}")
    with serving_redis_on_a_port(*options) as (server, port):
        with redis.Redis(unix_socket_path=str(server.socket)) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            server.wait_until(lambda: b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO"))
        yield port


def test_a_cluster_refuses_what_goes_over_several_slots(port: int) -> None:
    with redis.RedisCluster(host="127.0.0.1", port=port) as client, pytest.raises(RedisClusterException):
        client.eval("return 0", 2, "one", "another")


@pytest.fixture
def limits(mode: Mode, drive: Drive, port: int, request: pytest.FixtureRequest) -> Iterator[RateLimiter]:
    if request.node.callspec.params["mode"] == BLOCKING:
        with redis.RedisCluster(host="127.0.0.1", port=port) as client:
            yield RedisRateLimiter(client, prefix=BLOCKING)
        return

    async def connect() -> redis.asyncio.RedisCluster:
        return redis.asyncio.RedisCluster(host="127.0.0.1", port=port)

    cluster = drive(connect())
    yield AsyncRedisRateLimiter(cluster, prefix=ASYNC)
    drive(cluster.aclose())


@pytest.mark.parametrize("name", ["sign-in", "{", "}", "a}b{c"])
async def test_a_hosts_client_for_a_cluster_counts_in_many_scopes_at_once(limits: RateLimiter, name: str) -> None:
    await limits.consume(name, SCOPES, now=at(0))
    await limits.reset(name, "scope 0")

    await limits.consume(name, {"scope 0": RateLimit(1, at(60) - at(0))}, now=at(0))
    with pytest.raises(RateLimitExceeded):
        await limits.consume(name, {"scope 0": RateLimit(2, at(60) - at(0)), "scope 7": SCOPES["scope 7"]}, now=at(0))
