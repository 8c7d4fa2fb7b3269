"""The whole service with `ACCOUNTS_REDIS_URL`, and what `accounts check` says of it."""

from collections.abc import Iterator

import httpx
import pytest
import redis
from tests.integration.cli.harness import PASSWORD, Run, Serve, create, fill_failures, is_locked
from tests.integration.redis_server import RedisServer, needs_a_server_of_its_own, serving_redis

from accounts_redis import RedisUrl
from accounts_redis.rate_limiter import RedisRateLimiter

SECRET = "canary-hunter2"
JANE = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}
WRONG = {"email": JANE["email"], "password": "not the password at all"}


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with serving_redis("--requirepass", SECRET) as server:
        yield server


@pytest.fixture
def url(server: RedisServer) -> str:
    return f"unix://:{SECRET}@{server.socket}"


def sign_in(client: httpx.Client, **fields: str) -> httpx.Response:
    return client.post("/api/auth/login", json={"email": JANE["email"], "password": PASSWORD, **fields})


@pytest.mark.long
@needs_a_server_of_its_own
def test_attempts_are_counted_in_redis_by_every_process(serve: Serve, server: RedisServer, url: str) -> None:
    """The processes have databases of their own, so that nothing but Redis can have counted."""
    with_limits = {"ACCOUNTS_REDIS_URL": url, "ACCOUNTS_LIMITS": "sign-in.account=4/hour"}
    served = [serve(ACCOUNTS_DATABASE_URL=f"sqlite:///{name}.db", **with_limits) for name in ("one", "another")]
    with served[0].client() as one, served[1].client() as another:
        assert one.post("/api/auth/register", json=JANE).status_code == 201
        answers = [sign_in(client, password=WRONG["password"]) for client in (one, another, one, another, one, another)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 429, 429]
    assert 3500 < int(answers[-1].headers["retry-after"]) <= 3600
    assert served[0].wait_for(r"^Limits: (.*)")[1] == f"counted in unix://{server.socket}?db=0"
    for each in served:
        each.stop()
        assert SECRET not in "\n".join(each.lines)
    with redis.Redis(unix_socket_path=str(server.socket), password=SECRET) as client:
        keys = sorted(client.scan_iter())
        assert {key.split(b":")[1] for key in keys} == {b"sign-in}", b"sign-up}", b"mail}"}
        assert not any(b"jane" in key or b"127.0.0.1" in key or client.ttl(key) < 0 for key in keys)


@needs_a_server_of_its_own
def test_while_redis_is_away_nobody_signs_in_and_all_else_goes_on(serve: Serve, server: RedisServer, url: str) -> None:
    served = serve(ACCOUNTS_REDIS_URL=url)
    with served.client() as client:
        assert client.post("/api/auth/register", json=JANE).status_code == 201
        token = sign_in(client).json()["access_token"]
        server.kill()

        away = [
            sign_in(client),
            sign_in(client, password=WRONG["password"]),
            client.post("/api/auth/register", json=JANE),
        ]
        read = client.get("/api/users/current", headers={"Authorization": f"Bearer {token}"})

        server.start()
        back = [sign_in(client), sign_in(client, password=WRONG["password"])]

    assert [answer.status_code for answer in away] == [503, 503, 503]
    assert {answer.json()["type"] for answer in away} == {"urn:accounts:problem:unavailable"}
    assert all("retry-after" in answer.headers and "edis" not in answer.text for answer in away)
    assert read.status_code == 200
    assert [answer.status_code for answer in back] == [200, 401]
    served.stop()
    assert SECRET not in "\n".join(served.lines)


@needs_a_server_of_its_own
def test_check_counts_an_attempt_and_leaves_nothing(
    run: Run, server: RedisServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("migrate")
    monkeypatch.setenv("ACCOUNTS_REDIS_URL", url)

    ran = run("check")

    assert ran.code == 0
    assert f"limits    ok      unix://{server.socket}?db=0 counts attempts\n" in ran.out
    with redis.Redis(unix_socket_path=str(server.socket), password=SECRET) as client:
        assert client.dbsize() == 0
        client.config_set("maxmemory", 10**9)
        client.config_set("maxmemory-policy", "allkeys-lru")
    assert "counts attempts; it may drop them when its memory is full" in run("check").out


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"redis://:{SECRET}@127.0.0.1:1", "redis://127.0.0.1:1/0: Redis, which stores the rate limits"),
        (f"unix://:{SECRET}@/nowhere/redis.sock", "No such file or directory"),
    ],
)
def test_check_says_that_redis_is_away(run: Run, monkeypatch: pytest.MonkeyPatch, url: str, reason: str) -> None:
    run("migrate")
    monkeypatch.setenv("ACCOUNTS_REDIS_URL", url)

    ran = run("check")

    assert ran.code == 1
    assert "limits    FAILED  " in ran.out
    assert reason in ran.out
    assert len(ran.out.splitlines()) == 5
    assert SECRET not in ran.out + ran.err


@needs_a_server_of_its_own
def test_check_says_that_the_password_is_wrong(run: Run, server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    run("migrate")
    monkeypatch.setenv("ACCOUNTS_REDIS_URL", f"unix://:wrong-{SECRET}@{server.socket}")

    ran = run("check")

    assert ran.code == 1
    assert "invalid username-password pair" in ran.out
    assert SECRET not in ran.out + ran.err


def test_a_bad_url_stops_the_start_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_REDIS_URL", f"redis://jane:{SECRET}/1@cache.example.org")

    ran = run("serve", "--port", "0")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("accounts: ACCOUNTS_REDIS_URL: expected a URL such as rediss://")
    assert len(ran.err.splitlines()) == 1
    assert SECRET not in ran.err


@needs_a_server_of_its_own
def test_a13_unlock_ends_the_failures_that_are_counted_in_redis(
    run: Run, server: RedisServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("migrate")
    create(run)
    monkeypatch.setenv("ACCOUNTS_REDIS_URL", url)
    limits = RedisRateLimiter.connect(RedisUrl.parse(url))
    try:
        fill_failures(limits, JANE["email"])

        assert run("users", "unlock", JANE["email"]).code == 0

        assert not is_locked(limits, JANE["email"])
    finally:
        limits.close()
    assert "user_unlocked" in run("audit").out
