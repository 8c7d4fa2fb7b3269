"""Remove secrets, and control characters that could forge a line, from the texts of the log."""

import re
import sys
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final
from urllib.parse import quote, quote_plus

MASK: Final = "***"
MAX_TEXT: Final = 8 * 1024
"""Longest text that is logged, in characters."""
LEAST_LENGTH: Final = 6
"""Shortest secret that is masked, in characters: a shorter one would match ordinary words."""

_PATTERNS: Final = (
    r"\b(?:acc|acm)_[0-9A-Za-z]{6,}",  # tokens
    r"\b(?:sk|rk)_[0-9A-Za-z_]{6,}|\bwhsec_[0-9A-Za-z_+/=]{6,}",  # keys of Stripe
    r"(?<=_secret_)[0-9A-Za-z]+",  # client secrets of payments
    r"(?<=://)[^/@\s:]*+:[^/\s]+(?=@)",  # user and password in an address; only one colon may begin the password
    r"(?<=\bBearer )[^\s'\"]+|(?<=\bBasic )[^\s'\"]+",
    r"\$argon2[a-z]{1,2}\$[^\s'\"]+",  # hashes of passwords
)
_LOOKS_SECRET: Final = re.compile("|".join(_PATTERNS))
_NAMES: Final = re.compile(r"password|passwd|secret|token|authorization|cookie|api_?key", re.IGNORECASE)
"""The value of a field with such a name is never shown."""


class Masker:
    """Masks given secrets in plain, URL, hexadecimal and base64 form, and anything that looks like a secret."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= LEAST_LENGTH for form in _forms(secret)}
        # longest first, so that a secret that begins with another one is masked whole
        self._forms = sorted(forms, key=len, reverse=True)

    def mask_secrets(self, text: str) -> str:
        """Return `text` with only the given secrets masked."""
        # not one pattern: the secrets of a request can be long, and compiling them would be slow
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def text(self, text: str) -> str:
        """Return `text` with secrets masked, and without its middle where it is longer than `MAX_TEXT`."""
        masked = _LOOKS_SECRET.sub(MASK, self.mask_secrets(text))
        if len(masked) <= MAX_TEXT:
            return masked
        half = MAX_TEXT // 2
        return f"{masked[:half]}\n... {len(masked) - 2 * half} characters ...\n{masked[-half:]}"

    def value(self, value: object) -> Any:
        """Return `value` with secrets masked, as plain JSON data; other objects become their masked `repr`."""
        match value:
            case None | bool() | int() | float():
                return value
            case str():
                return self.text(value)
            case Mapping():
                return self.fields(value)
            case list() | tuple() | set() | frozenset():
                return [self.value(item) for item in value]
        return self.text(repr(value))

    def fields(self, fields: Mapping[Any, Any]) -> dict[str, Any]:
        """Return `fields` with secrets masked in names and values, and the whole value where the name says so."""
        return {
            self.text(str(name)): MASK if _NAMES.search(str(name)) and value is not None else self.value(value)
            for name, value in fields.items()
        }


def mask_defects(secrets: Iterable[str]) -> Masker:
    """Mask these secrets, and anything that looks like one, in the traceback of an error that ends the process.

    Returns:
        The masker, for other texts.

    """
    masker = Masker(secrets)

    def ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.stderr.write(masker.text("".join(traceback.format_exception(kind, error, trace))))

    sys.excepthook = ended
    return masker


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield repr(secret)[1:-1]
    yield quote(secret, safe="")
    yield quote_plus(secret)
    raw = secret.encode()
    yield raw.hex()
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):
            # at any offset in the encoded text, without the characters that it shares with its neighbours
            encoded = encode(bytes(before) + raw).decode().rstrip("=")
            whole = encoded[-(-before * 8 // 6) : len(encoded) - ((before + len(raw)) % 3 > 0)]
            if len(whole) >= LEAST_LENGTH:
                yield whole


def printable(text: str) -> str:
    """Return `text` on one line, with line breaks, control and bidirectional characters escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
