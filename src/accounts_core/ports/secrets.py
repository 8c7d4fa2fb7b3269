"""Port: random bytes for tokens and ids.

Called wherever a token or an id is made. The bytes must be unpredictable: access tokens are made from them.
"""

from typing import Protocol


class Secrets(Protocol):
    """A source of random bytes."""

    def random_bytes(self, count: int) -> bytes:
        """Return `count` bytes from a cryptographically secure source."""
        ...
