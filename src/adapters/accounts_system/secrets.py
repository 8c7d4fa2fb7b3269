import secrets

import attrs


@attrs.frozen
class SystemSecrets:
    """Operating system's random source (`getrandom` on Linux), which is seeded before first use and never blocks."""

    def random_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)
