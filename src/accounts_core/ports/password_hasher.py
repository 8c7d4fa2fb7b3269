from typing import Protocol

from accounts_core.model.passwords import Password
from accounts_core.model.requester import Requester


class PasswordHasher(Protocol):
    """Turns passwords into something that can be stored.

    Hashing is slow on purpose. An adapter for an event loop runs it elsewhere, and bounds how much runs at once.

    `requester` says on whose behalf: the account that is named and the client that asks; None where neither is known.
    The result never depends on it. Where hashes wait for each other, one requester must not keep the others waiting:
    they are served in turn, and one who has too many waiting is refused with `Unavailable` while others still get in.
    An adapter where nothing waits may ignore it.
    """

    async def hash(self, password: Password, *, requester: Requester | None = None) -> str:
        """Return a salted, self-describing hash: another one on every call. Raises `Unavailable`."""
        ...

    async def verify(self, hash: str | None, password: Password, *, requester: Requester | None = None) -> bool:
        """Say whether `hash` was made of `password`. Raises `Unavailable`.

        None, for a user that does not exist, is never right and costs the same work; so is anything that is no hash.
        A blank password is never right.
        """
        ...

    def needs_rehash(self, hash: str) -> bool:
        """Say whether `hash` was made with other parameters than `hash()` would use now."""
        ...
