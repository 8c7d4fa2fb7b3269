import secrets

import attrs


@attrs.frozen
class SystemSecrets:
    """The operating system's random source (`getrandom` on Linux). It is seeded before it answers and never blocks."""

    def random_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)
