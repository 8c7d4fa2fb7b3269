from typing import Protocol


class Secrets(Protocol):
    """Randomness that nobody can guess."""

    def random_bytes(self, count: int) -> bytes:
        """Return `count` bytes from a cryptographically secure source."""
        ...
