import re
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import SplitResult, unquote, urlsplit

import attrs

if TYPE_CHECKING:
    from accounts_redis.rate_limiter import AsyncRedisRateLimiter

PORT: Final = 6379
_DATABASE: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f-\U0010ffff]")


@attrs.frozen
class RedisUrl:
    """URL of a server and database: `redis://`, `rediss://` over TLS, or `unix://` for a local socket.

    `text` may contain a password; `str()` and `repr()` never do.
    """

    text: str = attrs.field(repr=False)
    shown: str
    """URL without user and password."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `redis://user:password@cache.example.org:6379/0` or `unix:///run/redis/redis.sock?db=0`.

        Raises `ValueError` without the text for anything else. The characters `/?#@%` in a password must be
        percent-encoded. A user without a password is an error, because it may be a password without its colon.
        """
        try:
            parts = urlsplit(text)
            shown = _socket(parts) if parts.scheme == "unix" else _host(parts)
        except ValueError:
            raise ValueError("This is not a Redis URL.") from None  # the cause may quote the password
        if parts.fragment or _UNSAFE.search(text) or (parts.username is not None and not parts.password):
            raise ValueError("This is not a Redis URL.")
        return cls(parts.scheme + text[len(parts.scheme) :], shown)  # redis-py knows the schemes in lower case only

    @property
    def secrets(self) -> list[str]:
        """The password, decoded, or nothing."""
        password = urlsplit(self.text).password
        return [unquote(password)] if password else []

    def conceal(self, text: str) -> str:
        """Return `text` with the password removed."""
        password = urlsplit(self.text).password
        if not password:
            return text
        return text.replace(password, "***").replace(unquote(password), "***")

    def connect(self) -> "AsyncRedisRateLimiter":
        """Create a limiter for an event loop, which connects on first use. Call its `close` at the end."""
        from accounts_redis.rate_limiter import AsyncRedisRateLimiter

        return AsyncRedisRateLimiter.connect(self)

    def __str__(self) -> str:
        return self.shown


def _host(parts: SplitResult) -> str:
    database = parts.path.strip("/") or "0"
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or parts.port == 0 or parts.query:
        raise ValueError
    if not _DATABASE.fullmatch(database):
        raise ValueError
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or PORT}/{int(database)}"


def _socket(parts: SplitResult) -> str:
    name, _, database = (parts.query or "db=0").partition("=")
    if parts.hostname or not parts.path.strip("/") or name != "db" or not _DATABASE.fullmatch(database):
        raise ValueError
    return f"unix://{parts.path}?db={int(database)}"
