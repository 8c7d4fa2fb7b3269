"""Email addresses as people type them, domains in their own script included.

The core takes a domain in its ASCII form and carries no tables for any other. Here it is mapped: UTS #46, not
transitional, then IDNA 2008, so that `fa\u00df.de` is `xn--fa-hia.de`. Python's own codec makes `fass.de` of it:
another domain.
"""

import idna

from accounts_core.errors import Invalid
from accounts_core.model.email import MAX_ADDRESS, Email


def email_address(text: str) -> Email:
    """Read an email address in one canonical form. Raises `Invalid` on `email`."""
    try:
        return _read(text)
    except Invalid as refusal:
        # without the frames that hold what is no address: people type passwords in its place
        raise refusal.with_traceback(None) from None


def _read(text: str) -> Email:
    # the length first: mapping a long domain is slow (CVE-2024-3651)
    if len(text) > MAX_ADDRESS:
        raise Invalid("email", f"An email address has at most {MAX_ADDRESS} characters.")
    local, at, domain = text.rpartition("@")
    if at and not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True, transitional=False).decode("ascii")
        except UnicodeError as error:  # idna.IDNAError is one
            raise Invalid("email", "This is not an email address.") from error
    return Email(f"{local}{at}{domain}")
