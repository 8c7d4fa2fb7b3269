"""Email addresses: a canonical form for comparison, and the typed form for mail.

Two spellings of one address must not make two accounts, and two different addresses must never match (CVE-2019-19844
sent a reset for `mike@` to `m\u0131ke@`). The rules:

- the domain is lower-cased ASCII; an internationalised one must be in its A-label form (`xn--...`), because mapping
  Unicode domains needs the tables of UTS #46, which the core does not have;
- the local part is kept as typed; `key`, which identifies the account, is its NFKC form in lower case.
  Lower case, not case folding: folding would match `stra\u00dfe@` with `strasse@`;
- plus tags and dots are part of the address, because only some mail hosts ignore them.

Syntax is RFC 5322's dot-atom and RFC 1123's host name, with RFC 5321's lengths. Quoted local parts, comments and
address literals are rejected.

`=?` begins an encoded word (RFC 2047), which many mail libraries decode inside an address although RFC 2047, 5 (3)
forbids one there; the decoded text can end the header. So a local part with `=?` is rejected, too. All else that
dot-atom allows is accepted (`=` and `?` apart, `%`, `!`, `|`, a leading `-`): only the address's own host may give it a
meaning (RFC 5321, 2.3.11), and such addresses are in use.
"""

import re
import unicodedata
from typing import Final

import attrs

from accounts_core.errors import Invalid

from .text import is_stream_safe

MAX_ADDRESS: Final = 254
MAX_LOCAL: Final = 64

_ATEXT: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]"
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LOCAL: Final = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*", re.IGNORECASE | re.ASCII)
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}", re.ASCII)
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_LETTERS: Final = frozenset("LMN")
_ENCODED_WORD: Final = "=?"


def _is_local_part(text: str) -> bool:
    if _ENCODED_WORD in text:
        return False
    if text.isascii():
        return _LOCAL.fullmatch(text) is not None
    # RFC 6531 allows any letter, mark and digit in addition to RFC 5322's atext.
    return (
        _LOCAL.fullmatch(_NOT_ASCII.sub("a", text)) is not None
        and all(c.isascii() or unicodedata.category(c)[0] in _LETTERS for c in text)
        and unicodedata.is_normalized("NFC", text)
    )


@attrs.frozen(order=False)
class EmailAddress:
    """An email address. Two are equal if both identify the same account (`key`).

    Raises:
        Invalid: On `email`: it is not an address.

    """

    address: str = attrs.field(eq=False)
    """The address that mail is sent to: as typed, with the domain in lower case."""
    key: str = attrs.field(init=False)
    """The canonical form, unique among users."""

    def __attrs_post_init__(self) -> None:
        # The length is checked first, because normalising long text is slow (CVE-2023-46695).
        if len(self.address) > MAX_ADDRESS:
            raise Invalid("email", f"An email address has at most {MAX_ADDRESS} characters.")
        local, at, domain = self.address.rpartition("@")
        if not at or not is_stream_safe(self.address):
            raise Invalid("email", "This is not an email address.")
        domain = unicodedata.normalize("NFKC", domain).lower()
        if not domain.isascii():
            raise Invalid("email", "Enter this domain in its ASCII form, which begins with xn--.")
        local = local if local.isascii() else unicodedata.normalize("NFC", local)
        key = local.lower() if local.isascii() else unicodedata.normalize("NFKC", local).lower()
        if not _is_local_part(local) or not _is_local_part(key) or not _DOMAIN.fullmatch(domain):
            raise Invalid("email", "This is not an email address.")
        address = f"{local}@{domain}"
        if len(local.encode()) > MAX_LOCAL or len(address.encode()) > MAX_ADDRESS:
            raise Invalid("email", "This email address is too long.")
        object.__setattr__(self, "address", address)
        object.__setattr__(self, "key", f"{key}@{domain}")

    def is_same_mailbox(self, other: "EmailAddress") -> bool:
        """Return whether both addresses are the same mailbox: they differ in upper and lower case at most.

        Two addresses with the same `key` may be two mailboxes, such as one in full-width letters. To verify one does
        not verify the other.
        """
        return self.address.lower() == other.address.lower()

    def __str__(self) -> str:
        return self.address
