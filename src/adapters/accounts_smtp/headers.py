"""Serialization of mail headers.

The header classes of `email` parse assigned values and decode encoded words (RFC 2047), even in addresses. A decoded
word could contain a line break and start another header, so user input is never passed to them: printable ASCII is
written unchanged, and other text as encoded words. Only addresses beyond ASCII are written as UTF-8 (RFC 6532).
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final

from accounts_core.errors import ConfigurationError, Invalid
from accounts_core.model.email_address import EmailAddress

MAX_LINE: Final = 76
_WORD_BYTES: Final = 39
"""Bytes of UTF-8 in one encoded word: 64 characters of base64, of 75 in total (RFC 2047, 2)."""
_LONGEST_WORD: Final = 64
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ESCAPED: Final = re.compile(r'[\\"]')


class MailRefused(ConfigurationError):
    """The mail cannot be sent in this form. An operator has to look at it."""


def head(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return header lines. Raises `MailRefused` for a value that is not a single printable line."""
    lines: list[str] = []
    for name, value in fields:
        if not value.isprintable():
            raise MailRefused(f"The header {name} of a mail would not be one line.")
        lines += _folded(name, value)
    return "".join(f"{line}\r\n" for line in lines).encode()


def text(value: str) -> str:
    """Return text for a header such as Subject: unchanged, or as encoded words."""
    return value if _is_plain(value) else " ".join(_encoded_words(value))


def mailbox(email: EmailAddress, name: str = "") -> str:
    """Return an address for a header such as To, with or without a name.

    Raises `MailRefused` for an invalid address, such as one that was stored before a rule became stricter.
    """
    if not _is_address(email.address):
        raise MailRefused("The address that a mail is for, or from, is none.")
    return f"{_phrase(name)} <{email.address}>" if name else email.address


def _is_address(address: str) -> bool:
    try:
        return EmailAddress(address).address == address
    except Invalid:
        return False


def _phrase(name: str) -> str:
    if not _is_plain(name):
        return text(name)
    return name if _ATOMS.fullmatch(name) else '"' + _ESCAPED.sub(r"\\\g<0>", name) + '"'


def _is_plain(value: str) -> bool:
    """Return whether the text needs no encoding: no encoded word (`=?`), and lines that can be folded."""
    is_read_so = value.isascii() and value.isprintable() and "=?" not in value
    return is_read_so and all(len(word) <= _LONGEST_WORD for word in value.split(" "))


def _encoded_words(value: str) -> Iterator[str]:
    word = b""
    for character in value:
        encoded = character.encode()
        if len(word) + len(encoded) > _WORD_BYTES:
            yield _encoded_word(word)
            word = b""
        word += encoded
    yield _encoded_word(word)


def _encoded_word(raw: bytes) -> str:
    return f"=?utf-8?b?{b64encode(raw).decode()}?="


def _folded(name: str, value: str) -> Iterator[str]:
    """Yield the lines of a header, folded at spaces (RFC 5322, 2.2.3). Each but the first begins with a space."""
    line = f"{name}:"
    has_words = False
    for word in value.split(" "):
        if has_words and len(line) + 1 + len(word) > MAX_LINE:
            yield line
            line = ""
        line += f" {word}"
        has_words = True
    yield line
