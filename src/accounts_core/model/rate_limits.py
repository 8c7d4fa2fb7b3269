"""Rate limits: their names, scopes and defaults."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network
from typing import Final

import attrs

NETWORK_BITS: Final = 64
"""Length of the IPv6 prefix that clients are counted by: one subscriber may use any address of such a network."""


def client_key(client: str) -> str:
    """Return the key that a client is counted by: its IPv4 address, or its IPv6 network."""
    try:
        address = IPv6Address(client)
    except ValueError:
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), NETWORK_BITS), strict=False))


def scope_digest(scope: str) -> bytes:
    """Return the SHA-256 digest of a scope, 32 bytes, for limiters to store instead of the scope.

    A scope may be long user input or a personal address; its digest is short and shows neither.
    """
    return sha256(scope.encode("utf-8", "surrogatepass")).digest()


@attrs.frozen
class RateLimit:
    """At most `count` attempts within any `period`: `RateLimit(20, timedelta(hours=1))`."""

    count: int = attrs.field(validator=attrs.validators.ge(1))
    period: timedelta = attrs.field(validator=attrs.validators.gt(timedelta(0)))


SIGN_IN: Final = "sign-in"
"""Checks of a password: sign-in, restoring an account, and reauthentication."""
SIGN_UP: Final = "sign-up"
RECOVERY: Final = "recovery"
"""Requests for a mail with a token, and uses of such a token."""
INVITE: Final = "invite"
VERIFY_CARD: Final = "verify-card"
PASSWORD_CHANGE: Final = "password-change"  # noqa: S105  the name of a limit
"""Changes of the password by a signed-in user, counted before anything is hashed."""
INTERACTION: Final = "interaction"
"""Interactions written in teams."""
EXPORT: Final = "export"
WRITE: Final = "write"
"""All other calls of a signed-in user that change data or call the payment provider."""
MAIL: Final = "mail"
"""Mails that another person may have caused, such as by a sign-up or an invitation."""

CLIENT: Final = "client"
"""The IP address of the client, see `client_key`."""
ACCOUNT: Final = "account"
"""The email address in the request, whether or not it has an account."""
USER: Final = "user"
CARD: Final = "card"
"""The physical card, over all users."""
RECIPIENT: Final = "recipient"
"""The email address that a mail goes to."""
RECIPIENT_DAY: Final = "recipient-day"
"""The same, for the limit over a day."""
ALL: Final = "all"
"""All calls together."""
FAILURES: Final = "failures"
"""Consecutive wrong passwords for an account."""
SIGN_UP_FAILURES: Final = "sign-up-failures"
"""Wrong passwords for the link of a sign-up whose address has no account."""

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
"""The default limits by name, then by scope. Scopes are counted independently: a reset of one affects no other."""

PLAIN_SCOPES: Final[Mapping[str, str]] = {
    name: next(scope for scope in (CLIENT, USER, RECIPIENT) if scope in scopes)
    for name, scopes in DEFAULT_RATE_LIMITS.items()
}
"""The scope of a setting that names a limit without a scope: the first of client, user and recipient that it has."""


def in_every_scope(limits: Mapping[str, RateLimit]) -> Mapping[str, Mapping[str, RateLimit]]:
    """Return limits by name for all scopes of each name, in the form of `Policy.limits`.

    The scope `all` is included, so each limit also applies to all calls together.
    """
    return {name: dict.fromkeys(DEFAULT_RATE_LIMITS[name], limit) for name, limit in limits.items()}


def check_limits(limits: Mapping[str, Mapping[str, RateLimit]]) -> None:
    """Check the names and scopes of limits.

    Raises:
        ValueError: No such name or scope; the message lists those that exist.
        TypeError: Limits are not given by scope.

    """
    for name, scopes in limits.items():
        if name not in DEFAULT_RATE_LIMITS:
            raise ValueError(f"There is no rate limit {name!r}; there are {', '.join(DEFAULT_RATE_LIMITS)}.")
        if not isinstance(scopes, Mapping):
            raise TypeError(f"The limits of {name!r} are given by scope: {{{PLAIN_SCOPES[name]!r}: RateLimit(...)}}.")
        for scope in scopes:
            if scope not in DEFAULT_RATE_LIMITS[name]:
                raise ValueError(f"{name!r} has no scope {scope!r}; it has {', '.join(DEFAULT_RATE_LIMITS[name])}.")


MOST_FAILURES: Final = RateLimit(100, timedelta(days=3650))
"""The most consecutive wrong passwords for an account, whatever the time between them (SP 800-63B-4, 3.2.2); this limit
is not configurable. A right password resets the count; so do a password reset by mail, the only way for a user once the
limit is reached, and an operator. Attempts from before an account had the address do not count."""
