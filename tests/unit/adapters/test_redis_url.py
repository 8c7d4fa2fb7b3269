"""Which Redis, read from one line, and never told with its password."""

import pytest
import redis

from accounts_redis import RedisUrl


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://cache.example.org", "redis://cache.example.org:6379/0"),
        ("redis://cache.example.org/", "redis://cache.example.org:6379/0"),
        ("rediss://jane:secret@cache.example.org:6380/3", "rediss://cache.example.org:6380/3"),
        ("redis://:s%2Fe%40cret@cache", "redis://cache:6379/0"),
        ("redis://[::1]:6379/1", "redis://[::1]:6379/1"),
        ("unix:///run/redis/redis.sock", "unix:///run/redis/redis.sock?db=0"),
        ("unix://jane:secret@/run/redis.sock?db=2", "unix:///run/redis.sock?db=2"),
    ],
)
def test_a_url_is_read_and_shown_without_who_and_with_what(text: str, shown: str) -> None:
    url = RedisUrl.parse(text)

    assert (url.text, str(url)) == (text, shown)
    assert "cret" not in f"{url} {url!r}"


def test_a_scheme_in_capitals_is_one_that_the_client_takes() -> None:
    url = RedisUrl.parse("REDISS://:SECRET@Cache/0")

    assert (url.text, str(url)) == ("rediss://:SECRET@Cache/0", "rediss://cache:6379/0")
    assert redis.Redis.from_url(url.text).connection_pool.connection_kwargs["host"] == "cache"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cache.example.org",
        "http://cache.example.org",
        "redis://",
        "redis:///0",
        "redis://cache:port",
        "redis://cache:0",
        "redis://cache:99999",
        "redis://[::1",
        "redis://cache/one",
        "redis://cache/-1",
        "redis://cache/0?socket_timeout=0",
        "redis://cache#0",
        "redis://secret@cache",
        "redis://jane:sec/ret@cache",
        "redis://jane:sec#ret@cache",
        "redis://jane:sec?ret@cache",
        "redis://jane:secret @cache",
        "redis://cache\r\nFLUSHALL",
        "unix://",
        "unix:///",
        "unix://host/run/redis.sock",
        "unix:///run/redis.sock?db=x",
        "unix:///run/redis.sock?password=secret",
    ],
)
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^This is not a Redis URL\.$") as caught:
        RedisUrl.parse(text)

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "text",
    ["redis://cache", "rediss://jane:se%2Fcret@[::1]:6380/3", "redis://:se%20cret@cache/", "unix:///run/r.sock?db=2"],
)
def test_the_client_reads_a_url_as_we_do(text: str) -> None:
    arguments = redis.ConnectionPool.from_url(text).connection_kwargs
    database = arguments.get("db", 0)
    host = arguments.get("host", "")
    place = f":{arguments.get('port', 6379)}/{database}" if host else f"{arguments['path']}?db={database}"

    assert str(RedisUrl.parse(text)).endswith(f"{f'[{host}]' if ':' in host else host}{place}")


def test_a_password_is_concealed_however_it_is_spelled() -> None:
    url = RedisUrl.parse("redis://jane:se%2Fcret@cache")

    assert (
        url.conceal("AUTH jane se/cret, of redis://jane:se%2Fcret@cache") == "AUTH jane ***, of redis://jane:***@cache"
    )
    assert RedisUrl.parse("redis://cache").conceal("as it is") == "as it is"
