"""What a hash costs, and the limits of what may be asked for.

The limits hold for what is made and for what is found in a store alike. A stored hash names its own cost, so
whoever can write one row could otherwise have a sign-in take gigabytes and hours.
"""

from typing import Final

import attrs

MAX_MEMORY_KIB: Final = 256 * 1024
MAX_PASSES: Final = 16
MAX_LANES: Final = 16
KIB_PER_LANE: Final = 8
"""The least memory that RFC 9106, 3.1 allows for each lane."""


@attrs.frozen(kw_only=True)
class Cost:
    """The work of one hash: memory in KiB, passes over it, and lanes (threads that share the work).

    The default is the first choice of the OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. Ask for
    more where the machine has room; less is for tests. Raises `ValueError` outside the limits of this module.
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
