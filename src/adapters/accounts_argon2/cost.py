"""Cost parameters of Argon2 and their limits.

The limits apply to new hashes and to stored ones. A stored hash contains its own parameters, so without limits a single
manipulated row could make a sign-in take gigabytes of memory and hours.
"""

from typing import Final

import attrs

MAX_MEMORY_KIB: Final = 256 * 1024
MAX_PASSES: Final = 16
MAX_LANES: Final = 16
KIB_PER_LANE: Final = 8
"""Minimum memory for each lane. Source: RFC 9106, 3.1."""


@attrs.frozen(kw_only=True)
class Cost:
    """Cost of one hash: memory in KiB, passes over the memory, and lanes (degree of parallelism).

    The default is from the OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. Use more if the machine
    allows it, and less only in tests. Raises `ValueError` outside the limits of this module.
    """

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.passes <= MAX_PASSES:
            raise ValueError(f"An Argon2 hash takes 1 to {MAX_PASSES} passes; got {self.passes}.")
        if not 1 <= self.lanes <= MAX_LANES:
            raise ValueError(f"An Argon2 hash has 1 to {MAX_LANES} lanes; got {self.lanes}.")
        least = KIB_PER_LANE * self.lanes
        if not least <= self.memory_kib <= MAX_MEMORY_KIB:
            raise ValueError(f"This Argon2 hash takes {least} to {MAX_MEMORY_KIB} KiB; got {self.memory_kib}.")
