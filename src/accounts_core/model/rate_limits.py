"""How often something may be tried."""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network
from typing import Final

import attrs

NETWORK_BITS: Final = 64
"""Of an IPv6 address: one subscriber has all the addresses that begin alike so far, and may use another each time."""


def client_key(client: str) -> str:
    """Return what a client is counted by: its address, of IPv6 the network."""
    try:
        address = IPv6Address(client)
    except ValueError:
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), NETWORK_BITS), strict=False))


@attrs.frozen
class RateLimit:
    """At most `count` attempts within any `period`: `RateLimit(20, timedelta(hours=1))`."""

    count: int = attrs.field(validator=attrs.validators.ge(1))
    period: timedelta = attrs.field(validator=attrs.validators.gt(timedelta(0)))


SIGN_IN: Final = "sign-in"
"""Proving who one is with a password: signing in, restoring, and the present password where it is asked for."""
SIGN_UP: Final = "sign-up"
RECOVERY: Final = "recovery"
"""Asking for a mail with a token, or trying one."""
INVITE: Final = "invite"
VERIFY_CARD: Final = "verify-card"
PASSWORD_CHANGE: Final = "password-change"  # noqa: S105  the name of a limit
"""A new password chosen by somebody who is signed in, before anything is hashed for it."""
INTERACTION: Final = "interaction"
"""Writing something in a team."""
EXPORT: Final = "export"
WRITE: Final = "write"
"""Every other call that changes something, or has the payment provider asked, for somebody who is signed in."""
MAIL: Final = "mail"
"""A mail that an address gets because of what a stranger may have done, such as a sign-up or an invitation."""

CLIENT: Final = "client"
"""The address that a call comes from."""
ACCOUNT: Final = "account"
"""The email address that is named, whether or not anybody has it."""
USER: Final = "user"
CARD: Final = "card"
"""The physical card, whoever shows it."""
RECIPIENT: Final = "recipient"
"""The email address that a mail goes to."""
RECIPIENT_DAY: Final = "recipient-day"
"""The same, over a day."""
ALL: Final = "all"
"""Everybody together."""
FAILURES: Final = "failures"
"""Wrong passwords for an account, one after another."""
SIGN_UP_FAILURES: Final = "sign-up-failures"
"""Wrong passwords for the link of a sign-up whose address no account has."""

_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)

DEFAULT_RATE_LIMITS: Final[Mapping[str, Mapping[str, RateLimit]]] = {
    SIGN_IN: {CLIENT: RateLimit(100, _HOUR), ACCOUNT: RateLimit(30, _HOUR), ALL: RateLimit(3000, _MINUTE)},
    SIGN_UP: {CLIENT: RateLimit(50, _HOUR), ALL: RateLimit(600, _MINUTE)},
    RECOVERY: {CLIENT: RateLimit(30, _HOUR), ACCOUNT: RateLimit(5, _HOUR), ALL: RateLimit(600, _MINUTE)},
    INVITE: {USER: RateLimit(50, _HOUR)},
    VERIFY_CARD: {USER: RateLimit(20, _HOUR), CLIENT: RateLimit(20, _HOUR), CARD: RateLimit(20, _HOUR)},
    PASSWORD_CHANGE: {CLIENT: RateLimit(100, _HOUR), USER: RateLimit(10, _HOUR)},
    INTERACTION: {USER: RateLimit(2000, _DAY)},
    EXPORT: {USER: RateLimit(10, _HOUR)},
    WRITE: {USER: RateLimit(1000, _HOUR)},
    MAIL: {RECIPIENT: RateLimit(10, _HOUR), RECIPIENT_DAY: RateLimit(50, _DAY)},
}
"""By name, then by scope. Each scope counts on its own: a success in one clears no other."""

PLAIN_SCOPES: Final[Mapping[str, str]] = {
    name: next(scope for scope in (CLIENT, USER, RECIPIENT) if scope in scopes)
    for name, scopes in DEFAULT_RATE_LIMITS.items()
}
"""The scope that a setting means which names a limit and no scope: each client, or where none is counted, each user."""


def in_every_scope(limits: Mapping[str, RateLimit]) -> Mapping[str, Mapping[str, RateLimit]]:
    """Return limits by name for all scopes of each name, in the form of `Policy.limits`.

    The scope `all` is among them, so each is also the most that everybody together may do.
    """
    return {name: dict.fromkeys(DEFAULT_RATE_LIMITS[name], limit) for name, limit in limits.items()}


def check_limits(limits: Mapping[str, Mapping[str, RateLimit]]) -> None:
    """Raise `ValueError`, with the names that there are, for a name or a scope that nothing is counted under."""
    for name, scopes in limits.items():
        if name not in DEFAULT_RATE_LIMITS:
            raise ValueError(f"There is no limit {name!r}; there are {', '.join(DEFAULT_RATE_LIMITS)}.")
        if not isinstance(scopes, Mapping):
            raise TypeError(f"The limits of {name!r} are given by scope: {{{PLAIN_SCOPES[name]!r}: Limit(...)}}.")
        for scope in scopes:
            if scope not in DEFAULT_RATE_LIMITS[name]:
                raise ValueError(f"{name!r} has no scope {scope!r}; it has {', '.join(DEFAULT_RATE_LIMITS[name])}.")


MOST_FAILURES: Final = RateLimit(100, timedelta(days=3650))
"""Consecutive failures that an account has at most, whatever the time between them (SP 800-63B-4, 3.2.2); it cannot be
set. A right password ends the row; so does a reset by mail, which is the way out once it is full, and an operator does.
What was tried before an account had the address does not count against that account."""
