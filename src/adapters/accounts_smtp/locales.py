import re
from collections.abc import Iterator
from typing import Final

from accounts_core.errors import ConfigurationError

_TAG: Final = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*", re.ASCII)
MAX_TAG: Final = 35
_REGION, _SCRIPT = 2, 4
SHIPPED: Final = "en"
"""The locale that has every template."""


def locale_key(tag: str) -> str | None:
    """Return a locale's tag for comparison, such as `de-at` for `de_AT`; None for another text."""
    return tag.replace("_", "-").lower() if len(tag) <= MAX_TAG and _TAG.fullmatch(tag) else None


def require_locale(tag: str) -> str:
    """Return a locale's tag for comparison. Raises `ConfigurationError`."""
    if (key := locale_key(tag)) is None:
        raise ConfigurationError(f"{tag!r} is not a locale such as en or de-AT.")
    return key


def parents_of(key: str) -> Iterator[str]:
    """Yield a locale and its parents, as a lookup does (RFC 4647, 3.4): `zh-hant-tw`, `zh-hant`, `zh`."""
    parts = key.split("-")
    while parts:
        yield "-".join(parts)
        parts.pop()
        if parts and len(parts[-1]) == 1:
            parts.pop()  # introduces the subtag that is gone, such as `u` of `de-u-co-phonebk`


def tag_of(key: str) -> str:
    """Return a locale's tag in its usual form (RFC 5646, 2.1.1): `zh-Hant-TW` for `zh-hant-tw`."""
    language, *others = key.split("-")
    return "-".join([language, *(_subtag(each) for each in others)])


def _subtag(subtag: str) -> str:
    return subtag.upper() if len(subtag) == _REGION else subtag.title() if len(subtag) == _SCRIPT else subtag
