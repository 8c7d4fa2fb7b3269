from ipaddress import ip_address
from typing import Final, Self
from urllib.parse import unquote, urlsplit

import attrs

_PORTS: Final = {"smtp": 587, "smtps": 465}
_LOOPBACK: Final = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})


@attrs.frozen(kw_only=True)
class SmtpUrl:
    """URL of an SMTP server: `smtps://` with implicit TLS, or `smtp://` with STARTTLS.

    Connections without TLS are limited to this machine.
    """

    host: str
    port: int
    is_tls: bool
    user: str | None = None
    password: str | None = attrs.field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `smtps://user:password@mail.example.org`. Raises `ValueError`, without the text in it."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise ValueError("This is not an SMTP URL.") from None
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("This is not an SMTP URL.")
        if (parts.username is None) != (parts.password is None):
            raise ValueError("An SMTP URL has both a user and a password, or neither.")
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            is_tls=parts.scheme == "smtps",
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        if self.host in _LOOPBACK:
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"{'smtps' if self.is_tls else 'smtp'}://{self.host}:{self.port}"
