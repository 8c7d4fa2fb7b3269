"""Port: password hashing.

Called by every use case with a password. Hashing is slow on purpose: an adapter for an event loop runs it elsewhere,
and limits how much runs at once.
"""

from typing import Protocol

from accounts_core.model.passwords import Password
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash


class PasswordHasher(Protocol):
    """Hashes and verifies passwords.

    `requester` identifies the account and the client of the call; None if neither is known. The result never depends on
    it. Where calls queue, requesters are served in turn; one with too many calls waiting is refused with `Unavailable`
    while others are still accepted. An adapter without a queue may ignore it.
    """

    async def hash(self, password: Password, *, requester: Requester | None = None) -> PasswordHash:
        """Return a salted, self-describing hash, which differs on every call.

        Raises:
            Unavailable: Too many calls are waiting, or the hasher is being closed or failed.

        """
        ...

    async def verify(
        self, hash: PasswordHash | None, password: Password, *, requester: Requester | None = None
    ) -> bool:
        """Return whether `hash` was made from `password`.

        None, for an unknown user, never matches and takes the same work; so does text that is not a hash. A blank
        password never matches.

        Raises:
            Unavailable: Too many calls are waiting, or the hasher is being closed or failed.

        """
        ...

    def needs_rehash(self, hash: PasswordHash) -> bool:
        """Return whether `hash` was made with parameters that differ from those of `hash()` now."""
        ...
