"""What no line of a log may show: secrets, known or only looking like one, and what could forge a line."""

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
"""More of one text is not logged."""
LEAST_LENGTH: Final = 6
"""A shorter secret is not looked for: it would be found everywhere, and hides nothing."""

_PATTERNS: Final = (
    r"\b(?:acc|acm)_[0-9A-Za-z]{6,}",  # tokens
    r"\b(?:sk|rk)_[0-9A-Za-z_]{6,}|\bwhsec_[0-9A-Za-z_+/=]{6,}",  # keys of Stripe
    r"(?<=_secret_)[0-9A-Za-z]+",  # what confirms a payment
    r"(?<=://)[^/@\s:]*+:[^/\s]+(?=@)",  # user and password in an address; only one colon may begin the password
    r"(?<=\bBearer )[^\s'\"]+|(?<=\bBasic )[^\s'\"]+",
    r"\$argon2[a-z]{1,2}\$[^\s'\"]+",  # hashes of passwords
)
_LOOKS_SECRET: Final = re.compile("|".join(_PATTERNS))
_NAMES: Final = re.compile(r"password|passwd|secret|token|authorization|cookie|api_?key", re.IGNORECASE)
"""A field called so is not shown, whatever is in it."""


class Masker:
    """Takes out what looks like a secret, and these secrets however they are spelled: plain, in a URL, in base64."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= LEAST_LENGTH for form in _forms(secret)}
        # the longest first: of two that begin alike the whole goes
        self._known = sorted(forms, key=len, reverse=True)

    def without_known(self, text: str) -> str:
        """Return `text` without the secrets that were given, and nothing else taken out."""
        # one by one, not as a pattern: what came with a request is long, and compiling it would take long
        for form in self._known:
            text = text.replace(form, MASK)
        return text

    def text(self, text: str) -> str:
        """Return `text` without secrets, and without its middle where it is very long."""
        masked = _LOOKS_SECRET.sub(MASK, self.without_known(text))
        if len(masked) <= MAX_TEXT:
            return masked
        half = MAX_TEXT // 2
        return f"{masked[:half]}\n... {len(masked) - 2 * half} characters ...\n{masked[-half:]}"

    def value(self, value: object) -> Any:
        """Return `value` as JSON can have it, without secrets. What is no plain value is shown by its `repr`."""
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
        """Return named values without secrets: neither in a name, nor in a value, nor under a telling name."""
        return {
            self.text(str(name)): MASK if _NAMES.search(str(name)) and value is not None else self.value(value)
            for name, value in fields.items()
        }


def mask_defects(secrets: Iterable[str]) -> Masker:
    """Have the traceback of a defect that ends the process shown without these secrets, or what looks like one.

    Returns what takes them out, for what else is shown.
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
            # wherever in the encoded text it stands: without what its neighbours have a part in
            encoded = encode(bytes(before) + raw).decode().rstrip("=")
            whole = encoded[-(-before * 8 // 6) : len(encoded) - ((before + len(raw)) % 3 > 0)]
            if len(whole) >= LEAST_LENGTH:
                yield whole


def printable(text: str) -> str:
    """Return `text` on one line: line breaks, control characters and what turns the direction of writing, escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
