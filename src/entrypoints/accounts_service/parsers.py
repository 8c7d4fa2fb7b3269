"""Parse the texts of settings. Each parser raises `ValueError` for a text that it cannot read."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from accounts_core.errors import ConfigurationError
from accounts_core.model.rate_limits import DEFAULT_RATE_LIMITS, PLAIN_SCOPES
from accounts_core.ports.rate_limiter import RateLimit
from accounts_smtp.locales import locale_key
from accounts_smtp.sources import MAX_PRODUCT
from accounts_sql.tables.location import Location

Network: TypeAlias = IPv4Network | IPv6Network

LIMIT_NAMES: Final = tuple(DEFAULT_RATE_LIMITS)
EVERY_SCOPE: Final = "*"
_PERIODS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f-\U0010ffff]")


class Expected(ValueError):
    """The text cannot be read. The message describes a valid one and shows nothing of this one."""


def parse_boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


def make_number_parser(least: int, most: int) -> Callable[[str], int]:
    """Return a parser of whole numbers in decimal digits, from `least` to `most`."""

    def parse(text: str) -> int:
        value = _whole(text)
        if not least <= value <= most:
            raise ValueError(text)
        return value

    return parse


def make_key_parser(*prefixes: str) -> Callable[[str], str]:
    """Return a parser of API keys that begin with one of `prefixes`."""

    def parse(text: str) -> str:
        if not text.startswith(prefixes) or _UNSAFE.search(text):
            raise ValueError
        return text

    return parse


def parse_page_url(text: str) -> str:
    """Read the URL of a page: `http` or `https`, with neither credentials, query nor fragment."""
    parts = _split(text, ("http", "https"))
    if parts.username is not None or "?" in text or "#" in text:
        raise ValueError(text)
    return text.rstrip("/")


def parse_locale(text: str) -> str:
    """Read the tag of a locale."""
    if locale_key(text) is None:
        raise ValueError(text)
    return text


def parse_product_name(text: str) -> str:
    """Read the name of the product, as mails show it."""
    if len(text) > MAX_PRODUCT or not text.isprintable() or not text.strip():
        raise ValueError(text)
    return text.strip()


def parse_table_prefix(text: str) -> str:
    """Read the beginning of the tables' names."""
    try:
        return Location(prefix=text).prefix
    except ConfigurationError as error:
        raise ValueError(text) from error


def parse_origins(text: str) -> tuple[str, ...]:
    """Read web origins, in the form in which browsers send them."""
    return tuple("*" if item == "*" else _origin(item) for item in _items(text))


def parse_networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(item) for item in _items(text))


def parse_currency(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", text):
        raise ValueError(text)
    return text.lower()


def parse_amounts(text: str) -> Mapping[str, int]:
    """Read `usd=100,jpy=150`: minor units by currency."""
    return MappingProxyType({parse_currency(name): _whole(value) for name, value in _pairs(text)})


def parse_limits(text: str) -> Mapping[str, Mapping[str, RateLimit]]:
    """Read `sign-in=100/hour,sign-in.account=10/hour,recovery.*=5/hour`, by name and then by scope.

    A name without a scope sets its scope in `PLAIN_SCOPES`. `*` sets every scope that is not named beside it.

    Raises:
        Expected: No such name or scope.

    """
    named, every = dict[str, dict[str, RateLimit]](), dict[str, dict[str, RateLimit]]()
    for target, value in _pairs(text):
        name, scope = _limit_target(target)
        limit = _limit(value)
        if scope == EVERY_SCOPE:
            every[name] = dict.fromkeys(DEFAULT_RATE_LIMITS[name], limit)
        elif scope in named.setdefault(name, {}):
            raise ValueError(text)  # set twice: by its name and as the plain scope
        else:
            named[name][scope] = limit
    return MappingProxyType(
        {
            name: MappingProxyType({**every.get(name, {}), **named.get(name, {})})
            for name in DEFAULT_RATE_LIMITS
            if name in every or name in named
        }
    )


def _limit_target(target: str) -> tuple[str, str]:
    name, dot, scope = target.partition(".")
    if name not in DEFAULT_RATE_LIMITS:
        raise Expected(f"one of the limits {', '.join(LIMIT_NAMES)}")
    if not dot:
        return name, PLAIN_SCOPES[name]
    if scope != EVERY_SCOPE and scope not in DEFAULT_RATE_LIMITS[name]:
        names = ", ".join(f"{name}.{each}" for each in (*DEFAULT_RATE_LIMITS[name], EVERY_SCOPE))
        raise Expected(f"one of the scopes of {name}, which are {names}")
    return name, scope


def _limit(value: str) -> RateLimit:
    count, _, period = value.partition("/")
    if period not in _PERIODS:
        raise ValueError(value)
    return RateLimit(_whole(count), _PERIODS[period])


def _whole(text: str) -> int:
    # int() alone also takes signs, blanks, underscores and the digits of every script
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        raise ValueError(text)
    return int(text)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")] if text.strip() else []


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = [(name.strip(), value.strip()) for name, _, value in (item.partition("=") for item in _items(text))]
    if not pairs or len({name.lower() for name, _ in pairs}) < len(pairs):
        raise ValueError(text)
    return pairs


def _split(text: str, schemes: tuple[str, ...]) -> SplitResult:
    parts = urlsplit(text)  # raises ValueError on a malformed IPv6 address
    if parts.scheme not in schemes or not parts.hostname or parts.port == 0 or _UNSAFE.search(text):
        raise ValueError(text)  # `port` itself raises ValueError for no number
    return parts


def _origin(text: str) -> str:
    parts = _split(text, ("http", "https"))
    if text.lower() != f"{parts.scheme}://{parts.netloc.lower()}" or "@" in parts.netloc:
        raise ValueError(text)
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(f':{_DEFAULT_PORTS[parts.scheme]}')}"
