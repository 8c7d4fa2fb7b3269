"""When Redis is away, broken, or no Redis at all, nobody is let through, and nothing is counted twice."""

import asyncio
import logging
import re
import signal
import traceback
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from tests.integration.redis.between import Answer, Line, answering
from tests.integration.redis.modes import ASYNC, QUICK_SECONDS, Mode
from tests.integration.redis_server import RedisServer, needs_a_server_of_its_own, serving_redis

from accounts_core.errors import RateLimitExceeded, Unavailable
from accounts_core.model.rate_limits import DEFAULT_RATE_LIMITS, SIGN_IN
from accounts_core.ports.rate_limiter import RateLimit, RateLimiter
from accounts_core.testing.builders import at
from accounts_core.testing.harness import failures
from accounts_redis import RedisUrl
from accounts_redis.rate_limiter import MOST_CONNECTIONS, AsyncRedisRateLimiter

pytestmark = [pytest.mark.usefixtures("drive"), needs_a_server_of_its_own]

HOUR = at(60) - at(0)
TWICE = {"jane": RateLimit(2, HOUR)}
PASSWORD = "canary-hunter2"
GOING_LIVE = Path(__file__).parents[3] / "docs/going-live.md"


async def consume(limits: RateLimiter) -> None:
    await limits.consume("sign-in", TWICE, now=at(0))


async def refused(limits: RateLimiter) -> Unavailable:
    """Both calls are `Unavailable`, and say what caused that."""
    with pytest.raises(Unavailable):
        await limits.reset("sign-in", "jane")
    with pytest.raises(Unavailable) as refusal:
        await consume(limits)
    return refusal.value


def counted(server: RedisServer) -> int:
    """How many attempts are counted, over all."""
    with redis.Redis(unix_socket_path=str(server.socket)) as client:
        return sum(int(client.zcard(key)) for key in client.scan_iter())


def url_of(server: RedisServer) -> RedisUrl:
    return RedisUrl.parse(server.url)


# ---- away


async def test_a_server_that_is_not_there_is_unavailable(mode: Mode, tmp_path: Path) -> None:
    refusal = await refused(mode.limits(RedisUrl.parse(f"unix://{tmp_path}/nobody")))

    assert isinstance(refusal.__cause__, redis.ConnectionError)


async def test_a_server_that_is_killed_is_unavailable_until_it_is_back(mode: Mode, redis_server: RedisServer) -> None:
    limits = mode.limits(url_of(redis_server))
    await consume(limits)

    redis_server.kill()
    await refused(limits)
    redis_server.start()

    await consume(limits)


async def test_a_server_that_is_killed_in_the_middle_of_a_call_lets_nobody_through(
    mode: Mode, redis_server: RedisServer, tmp_path: Path
) -> None:
    line = Line(redis_server.socket, breaks_on=b"EVAL", instead=redis_server.kill)
    with answering(tmp_path / "line", line) as url:
        limits = mode.limits(url)

        with pytest.raises(Unavailable):
            await consume(limits)


async def test_a_server_that_hangs_is_unavailable_once_the_time_is_up(mode: Mode, redis_server: RedisServer) -> None:
    limits = mode.limits(url_of(redis_server), timeout_seconds=QUICK_SECONDS)

    redis_server.send(signal.SIGSTOP)
    refusal = await refused(limits)
    redis_server.send(signal.SIGCONT)

    assert "Timeout" in str(refusal.__cause__)
    await consume(mode.limits(url_of(redis_server)))


# ---- a lost line


async def test_connections_that_were_closed_while_idle_are_opened_anew(mode: Mode, redis_server: RedisServer) -> None:
    limits = mode.limits(url_of(redis_server))
    await consume(limits)
    with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
        client.client_kill_filter(_type="normal", skipme=True)
        redis_server.wait_until(lambda: len(client.client_list()) == 1)
    for _ in range(10):
        await mode.breathe()  # an event loop has to turn to hear of it

    await consume(limits)

    assert counted(redis_server) == 2


async def test_an_attempt_whose_answer_is_lost_is_not_sent_again(
    mode: Mode, redis_server: RedisServer, tmp_path: Path
) -> None:
    with answering(tmp_path / "line", Line(redis_server.socket, breaks_on=b"EVAL")) as url:
        limits = mode.limits(url)
        with pytest.raises(Unavailable):
            await consume(limits)

        assert counted(redis_server) == 1
        await consume(limits)

    assert counted(redis_server) == 2


async def test_to_forget_is_sent_again_when_its_answer_is_lost(
    mode: Mode, redis_server: RedisServer, tmp_path: Path
) -> None:
    line = Line(redis_server.socket)
    with answering(tmp_path / "line", line) as url:
        limits = mode.limits(url)
        await consume(limits)
        line.breaks_on = b"DEL"

        await limits.reset("sign-in", "jane")

    assert line.is_mended
    assert counted(redis_server) == 0


# ---- not for us


async def test_a_wrong_password_is_unavailable_and_told_to_nobody(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving_redis("--requirepass", "right") as server:
        for wrong in (f":{PASSWORD}@", f"default:{PASSWORD}@", f"nobody:{PASSWORD}@", ""):
            limits = mode.limits(RedisUrl.parse(f"unix://{wrong}{server.socket}"))
            refusal = await refused(limits)

            told = "".join(traceback.format_exception(refusal))
            assert "WRONGPASS" in told or "NOAUTH" in told or "AuthenticationError" in told
            assert PASSWORD not in told + repr(refusal) + caplog.text

        await consume(mode.limits(RedisUrl.parse(f"unix://:right@{server.socket}")))


async def test_the_password_is_in_no_repr(mode: Mode, redis_server: RedisServer) -> None:
    url = RedisUrl.parse(f"unix://jane:{PASSWORD}@{redis_server.socket}")
    limits = mode.limits(url)

    client: Any = vars(limits)["_client"]
    for shown in (limits, client, client.connection_pool, client.connection_pool.make_connection(), url):
        assert PASSWORD not in f"{shown!r} {shown}"


async def test_a_user_who_may_not_run_scripts_is_unavailable(mode: Mode, redis_server: RedisServer) -> None:
    with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
        client.execute_command("ACL", "SETUSER", "jane", "on", f">{PASSWORD}", "~*", "+@all", "-eval")
    limits = mode.limits(RedisUrl.parse(f"unix://jane:{PASSWORD}@{redis_server.socket}"))

    with pytest.raises(Unavailable):
        await consume(limits)


async def test_a_user_needs_the_right_to_its_keys_and_few_commands(mode: Mode, redis_server: RedisServer) -> None:
    """They are in `docs/going-live.md`, as an operator types them."""
    (found,) = re.finditer(r"^ *(ACL SETUSER (\S+) on >(\S+) .*)$", GOING_LIVE.read_text(), re.MULTILINE)
    line, user, password = found.groups()
    with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
        client.execute_command(*line.split())
    limits = mode.limits(RedisUrl.parse(f"unix://{user}:{password}@{redis_server.socket}"))

    await consume(limits)
    await limits.reset("sign-in", "jane")

    assert counted(redis_server) == 0
    if isinstance(limits, AsyncRedisRateLimiter):
        assert await limits.may_forget() is False


@pytest.mark.parametrize("mode", [ASYNC], indirect=True)
@pytest.mark.parametrize(
    ("policy", "memory", "expected"),
    [
        ("noeviction", 10**9, False),
        ("allkeys-lru", 0, False),
        ("allkeys-lru", 10**9, True),
        ("volatile-ttl", 10**9, True),
    ],
)
async def test_a_server_that_drops_keys_when_its_memory_is_full_is_known(
    mode: Mode, redis_server: RedisServer, policy: str, memory: int, expected: bool
) -> None:
    limits = mode.limits(url_of(redis_server))
    assert isinstance(limits, AsyncRedisRateLimiter)
    with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", memory)

    assert await limits.may_forget() is expected


async def test_a_replica_that_takes_no_writes_is_unavailable(mode: Mode, redis_server: RedisServer) -> None:
    with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
        client.replicaof("127.0.0.1", "1")

    await refused(mode.limits(url_of(redis_server)))


async def test_a_server_without_memory_counts_in_all_scopes_or_in_none(mode: Mode, redis_server: RedisServer) -> None:
    limits = mode.limits(url_of(redis_server))
    await consume(limits)
    with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
        client.config_set("maxmemory", 1)

        with pytest.raises(Unavailable):
            await limits.consume("sign-in", {**TWICE, "mary": RateLimit(1, HOUR)}, now=at(0))

        client.config_set("maxmemory", 0)
    assert counted(redis_server) == 1


# ---- no Redis at all


def ends(_: bytes) -> None:
    return None


def says(text: bytes) -> Answer:
    return lambda _: text


NO_REDIS: dict[str, Answer] = {
    "a web server": says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "a mail server": says(b"220 mail.example.org ESMTP\r\n"),
    "bytes": says(b"\x00\xff\xfe\r\n"),
    "a number that is none": says(b":one\r\n"),
    "a length that is none": says(b"$x\r\n"),
    "a negative number": says(b":-1\r\n"),
    "always OK": says(b"+OK\r\n"),
    "always nothing": says(b"$-1\r\n"),
    "always a list": says(b"*1\r\n:0\r\n"),
    "always an error": says(b"-ERR no\r\n"),
    "text": says(b"$1\r\n0\r\n"),
    "somebody who hangs up": ends,
}


@pytest.mark.parametrize("answer", NO_REDIS.values(), ids=NO_REDIS.keys())
async def test_what_is_no_redis_lets_nobody_through(mode: Mode, tmp_path: Path, answer: Answer) -> None:
    with answering(tmp_path / "line", answer) as url:
        limits = mode.limits(url, timeout_seconds=QUICK_SECONDS)

        with pytest.raises(Unavailable):
            await consume(limits)


# ---- many at once


async def test_more_calls_than_connections_wait_for_one(mode: Mode, redis_server: RedisServer) -> None:
    limits = mode.limits(url_of(redis_server))
    calls = MOST_CONNECTIONS * 3

    outcomes = await mode.concurrently(
        *[partial(limits.consume, "sign-in", {"all": RateLimit(calls - 5, HOUR)}, now=at(0))] * calls
    )

    assert outcomes.count(None) == calls - 5
    assert [type(error) for error in failures(outcomes)] == [RateLimitExceeded] * 5


@pytest.mark.parametrize("mode", [ASYNC], indirect=True)
async def test_calls_that_are_cancelled_at_any_moment_take_no_connection_with_them(
    mode: Mode, redis_server: RedisServer
) -> None:
    limits = mode.limits(url_of(redis_server))
    assert isinstance(limits, AsyncRedisRateLimiter)
    many = DEFAULT_RATE_LIMITS[SIGN_IN]
    for turns in range(60):
        tasks = [asyncio.create_task(limits.consume("sign-in", many, now=at(0))) for _ in range(MOST_CONNECTIONS * 2)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    outcomes = await mode.concurrently(*[partial(consume, limits)] * MOST_CONNECTIONS * 2)

    assert outcomes.count(None) == 2
    assert {type(error) for error in failures(outcomes)} == {RateLimitExceeded}
    assert vars(limits)["_client"].connection_pool._in_use_connections == set()
