"""Passwords: what may be chosen, and how they are compared.

NIST SP 800-63B-4, 3.1.1.2: at least 15 characters where the password is the only factor (8 with a second
one), no rules of composition, a list of common ones, compared as a whole, and every character counts.
Both sides are brought to NFC first, so that the same password typed on two keyboards is the same.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

import attrs

from accounts_core.errors import Invalid

from .common_passwords import COMMON, COMMON_LONG
from .text import Secret, is_storable, is_stream_safe

LEAST_LENGTH: Final = 8
DEFAULT_LENGTH: Final = 15
MAX_BYTES: Final = 1024


@attrs.frozen
class Password:
    """A password as somebody typed it, in NFC: 0 to 1024 bytes of UTF-8. Raises `Invalid` on `field`.

    Whether it may be chosen is `PasswordPolicy`'s to say: somebody who signs in is only compared.
    """

    text: str = attrs.field(repr=False)
    field: str = attrs.field(default="password", eq=False)

    def __attrs_post_init__(self) -> None:
        # refused, never cut: a password of which only the beginning counts is another password
        if len(self.text) > MAX_BYTES:
            raise Invalid(self.field, f"A password has at most {MAX_BYTES} bytes.")
        if not is_storable(self.text) or not is_stream_safe(self.text):
            raise Invalid(self.field, "This holds characters that a password cannot have.")
        text = Secret(unicodedata.normalize("NFC", self.text))
        if len(text.encode()) > MAX_BYTES:
            raise Invalid(self.field, f"A password has at most {MAX_BYTES} bytes.")
        object.__setattr__(self, "text", text)


def _at_least(_: object, __: object, value: int) -> None:
    if value < LEAST_LENGTH:
        raise ValueError(f"A minimum password length below {LEAST_LENGTH} is not safe; got {value}.")


@attrs.frozen(kw_only=True)
class PasswordPolicy:
    """Which passwords may be chosen. `min_length` counts characters (code points) and is 8 or more."""

    min_length: int = attrs.field(default=DEFAULT_LENGTH, validator=_at_least)
    common: AbstractSet[str] = attrs.field(default=COMMON | COMMON_LONG, repr=False)
    """Passwords that many people use, in lower case."""

    words: AbstractSet[str] = frozenset()
    """What the product is called, and other words that everybody there would think of, in lower case."""

    def check(self, password: Password, *about: str) -> None:
        """Raise `Invalid` on the password's field when it may not be chosen.

        `about` is what is known of the person, such as their name and address. These words, like the common ones, are
        matched as a whole: a passphrase may hold them.
        """
        if not password.text.strip():
            raise Invalid(password.field, "A password cannot be blank.")
        if len(password.text) < self.min_length:
            raise Invalid(password.field, f"A password has at least {self.min_length} characters.")
        if password.text.lower() in self.common:
            raise Invalid(password.field, "Too many people use this password. Choose another, please.")
        chosen = _squeezed(password.text)
        if chosen and chosen in {_squeezed(word) for word in (*self.words, *_parts(about))}:
            raise Invalid(password.field, "This is too easy to guess from who you are or where you sign up.")


def _parts(about: Iterable[str]) -> Iterator[str]:
    """A name or address as it is, and an address's part before and after the @."""
    for text in about:
        yield text
        yield from text.split("@")


def _squeezed(text: str) -> str:
    """What two spellings of the same words have in common: no case, no spaces, no punctuation, no trailing number."""
    letters = "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())
    return letters.rstrip("0123456789") or letters
