"""Hashing itself, plain and synchronous; the two hashers differ in where they run it."""

import os
from hmac import compare_digest
from typing import Final

import attrs
from argon2.exceptions import HashingError
from argon2.low_level import Type

from accounts_argon2.cost import Cost
from accounts_argon2.encoded import SALT_BYTES, TAG_BYTES, VERSION, Encoded
from accounts_argon2.workspace import Workspaces
from accounts_core.errors import Unavailable
from accounts_core.model.passwords import Password

_NOBODY: Final = bytes(TAG_BYTES)


@attrs.frozen
class Argon2:
    """Argon2id at one cost. Every verification recomputes one tag and compares it, whether it can be right or not.

    It keeps the memory of `kept` hashes, for those to come.
    """

    cost: Cost
    kept: int
    _workspaces: Workspaces = attrs.field(init=False, repr=False, eq=False)
    _decoy: Encoded = attrs.field(init=False, repr=False, eq=False)
    """What is worked on where there is no hash: of present cost, and nobody's, so no password is right for it."""
    _nobodys: str = attrs.field(init=False, repr=False, eq=False)
    """The same, as it would be stored."""

    def __attrs_post_init__(self) -> None:
        decoy = self._encoded(bytes(SALT_BYTES), _NOBODY)
        object.__setattr__(self, "_workspaces", Workspaces(self.cost.memory_kib, self.kept))
        object.__setattr__(self, "_decoy", decoy)
        object.__setattr__(self, "_nobodys", decoy.write())

    def hash(self, password: Password) -> str:
        """Return a new hash of `password`. Raises `Unavailable` when the memory for it cannot be had."""
        # a salt is no secret and nobody's to choose: so it is drawn here, as the library would
        made = self._encoded(os.urandom(SALT_BYTES), _NOBODY)
        return attrs.evolve(made, tag=self._tag(made, password)).write()

    def verify(self, hash: str | None, password: Password) -> bool:
        """Say whether `hash` was made of `password`. Raises `Unavailable` when the memory for it cannot be had."""
        # what there is none of is read as well: that takes its time, too
        stored = Encoded.read(self._nobodys if hash is None else hash)
        subject = stored or self._decoy
        is_same = compare_digest(self._tag(subject, password), subject.tag)
        return is_same and stored is not None and hash is not None and bool(password.text.strip())

    def _encoded(self, salt: bytes, tag: bytes) -> Encoded:
        return Encoded(type=Type.ID, version=VERSION, cost=self.cost, salt=salt, tag=tag)

    def _tag(self, subject: Encoded, password: Password) -> bytes:
        """Return what the tag of `subject` is when it was made of `password`."""
        try:
            return self._workspaces.tag(
                secret=password.text.encode(),
                salt=subject.salt,
                cost=subject.cost,
                type=subject.type,
                version=subject.version,
                length=len(subject.tag),
            )
        except (HashingError, MemoryError) as error:
            # every other reason that Argon2 has for refusing is excluded by `Cost`, `Encoded` and `Password`
            raise Unavailable(f"Argon2 could not hash: {error}.") from error

    def needs_rehash(self, hash: str) -> bool:
        """Say whether `hash()` would make another kind of hash now; so it would where there is none."""
        stored = Encoded.read(hash)
        return stored is None or (stored.type, stored.version, stored.cost, len(stored.salt), len(stored.tag)) != (
            Type.ID,
            VERSION,
            self.cost,
            SALT_BYTES,
            TAG_BYTES,
        )
