from hashlib import shake_256
from itertools import count

from accounts_core.ports.secrets import Secrets


class SequenceSecrets:
    """Deterministic bytes from a `seed`, for tests only: they are predictable."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._calls = count()

    def random_bytes(self, count: int) -> bytes:
        return shake_256(f"{self._seed}:{next(self._calls)}".encode()).digest(count)


_: type[Secrets] = SequenceSecrets
