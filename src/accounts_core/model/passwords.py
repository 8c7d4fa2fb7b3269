"""Passwords: which ones may be chosen, and how they are compared.

NIST SP 800-63B-4, 3.1.1.2: at least 15 characters if the password is the only factor (8 with a second one), no rules of
composition, a list of common passwords, compared as a whole, and no truncation. Passwords are normalised to NFC, so
that the same password typed on two keyboards is equal.
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
    """A password as typed, in NFC: 0 to 1024 bytes of UTF-8.

    `PasswordPolicy` decides whether it may be chosen; at a sign-in it is only compared.

    Raises:
        Invalid: On `field`: it is too long, or has characters that a password cannot have.

    """

    text: str = attrs.field(repr=False)
    field: str = attrs.field(default="password", eq=False)

    def __attrs_post_init__(self) -> None:
        # It is not truncated, because then other passwords with the same beginning would match.
        if len(self.text) > MAX_BYTES:
            raise Invalid(self.field, f"A password has at most {MAX_BYTES} bytes.")
        if not is_storable(self.text) or not is_stream_safe(self.text):
            raise Invalid(self.field, "A password cannot have these characters.")
        text = Secret(unicodedata.normalize("NFC", self.text))
        if len(text.encode()) > MAX_BYTES:
            raise Invalid(self.field, f"A password has at most {MAX_BYTES} bytes.")
        object.__setattr__(self, "text", text)


def _at_least(_: object, __: object, value: int) -> None:
    if value < LEAST_LENGTH:
        raise ValueError(f"The minimum password length must be at least {LEAST_LENGTH}; got {value}.")


@attrs.frozen(kw_only=True)
class PasswordPolicy:
    """The rules for new passwords. `min_length` counts characters (code points) and is 8 or more."""

    min_length: int = attrs.field(default=DEFAULT_LENGTH, validator=_at_least)
    common: AbstractSet[str] = attrs.field(default=COMMON | COMMON_LONG, repr=False)
    """Common passwords, in lower case."""

    words: AbstractSet[str] = frozenset()
    """The name of the product, and other obvious words, in lower case."""

    def check(self, password: Password, *about: str) -> None:
        """Check that a password may be chosen.

        Args:
            password: The new password.
            about: The person's name and addresses. Like the common passwords, they are compared as a whole: a
                passphrase may contain them.

        Raises:
            Invalid: On the password's field: it may not be chosen.

        """
        if not password.text.strip():
            raise Invalid(password.field, "A password cannot be blank.")
        if len(password.text) < self.min_length:
            raise Invalid(password.field, f"A password has at least {self.min_length} characters.")
        if password.text.lower() in self.common:
            raise Invalid(password.field, "This password is too common. Choose another one.")
        chosen = _squeezed(password.text)
        if chosen and chosen in {_squeezed(word) for word in (*self.words, *_parts(about))}:
            raise Invalid(
                password.field, "This is too similar to your name, your email address or the name of this service."
            )


def _parts(about: Iterable[str]) -> Iterator[str]:
    """Yield each name or address, and the parts of an address before and after the @."""
    for text in about:
        yield text
        yield from text.split("@")


def _squeezed(text: str) -> str:
    """Return a text in lower case, without spaces, punctuation and trailing digits, to compare spellings."""
    letters = "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())
    return letters.rstrip("0123456789") or letters
