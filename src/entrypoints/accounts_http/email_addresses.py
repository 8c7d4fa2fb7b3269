"""Email addresses as people type them, internationalized domains included.

The core takes a domain in its ASCII form and carries no tables for any other. Here it is mapped: UTS #46, not
transitional, then IDNA 2008, so that `fa\u00df.de` is `xn--fa-hia.de`. Python's own codec makes `fass.de` of it:
another domain.
"""

from collections.abc import Callable
from typing import Final

import idna

from accounts_core.errors import Invalid
from accounts_core.model.card_numbers import refuse_card_number
from accounts_core.model.email_address import MAX_ADDRESS, EmailAddress
from accounts_core.model.text import is_stream_safe
from accounts_http.access_log import account_name, note

MAX_LABEL: Final = 63
"""Characters of one part of a domain (RFC 1035, 2.3.4). In its ASCII form it has at least as many."""


def email_address(text: str) -> EmailAddress:
    """Parse an email address for a lookup, into its canonical form. Raises `Invalid` on `email`."""
    try:
        return _read(text)
    except Invalid as refusal:
        # without the frames that hold what is no address: people type passwords in its place
        raise refusal.with_traceback(None) from None


def new_email_address(text: str) -> EmailAddress:
    """Parse an email address that will be stored. Raises `Invalid` on `email`, also if it may hold a card number."""
    if len(text) <= MAX_ADDRESS:
        refuse_card_number("email", text)  # before digits of another script become letters of the domain's ASCII form
    return email_address(text)


def noted(text: str, *, read_as: Callable[[str], EmailAddress] = email_address) -> EmailAddress:
    """Read an address, and note the account's pseudonym in the access log."""
    email = read_as(text)
    note(account=account_name(email.key))
    return email


def _read(text: str) -> EmailAddress:
    # the length first: mapping a long domain is slow (CVE-2024-3651)
    if len(text) > MAX_ADDRESS:
        raise Invalid("email", f"An email address has at most {MAX_ADDRESS} characters.")
    if not is_stream_safe(text):
        raise Invalid("email", "This is not an email address.")
    local, at, domain = text.rpartition("@")
    if at and not domain.isascii():
        try:
            mapped = idna.uts46_remap(domain, std3_rules=False)
            # idna compares each digit of a label with every other one, so a long label costs its square
            if any(len(label) > MAX_LABEL for label in mapped.split(".")):
                raise Invalid("email", "This is not an email address.")
            domain = idna.encode(mapped).decode("ascii")
        except UnicodeError as error:  # idna.IDNAError is one
            raise Invalid("email", "This is not an email address.") from error
    return EmailAddress(f"{local}{at}{domain}")
