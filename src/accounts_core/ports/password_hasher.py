from typing import Protocol

from accounts_core.model.passwords import Password


class PasswordHasher(Protocol):
    """Turns passwords into something that can be stored.

    Hashing is slow on purpose. An adapter for an event loop runs it elsewhere, and bounds how much runs at once.
    """

    async def hash(self, password: Password) -> str:
        """Return a salted, self-describing hash: another one on every call."""
        ...

    async def verify(self, hash: str | None, password: Password) -> bool:
        """Say whether `hash` was made of `password`.

        None, for a user that does not exist, is never right and costs the same work; so is anything that is no hash.
        A blank password is never right.
        """
        ...

    def needs_rehash(self, hash: str) -> bool:
        """Say whether `hash` was made with other parameters than `hash()` would use now."""
        ...
