"""Synchronous hashing and verification, shared by the two hashers."""

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
from accounts_core.model.secret_values import PasswordHash

_EMPTY_TAG: Final = bytes(TAG_BYTES)


@attrs.frozen
class Argon2:
    """Argon2id at one cost. Every verification computes and compares one tag, so that its time reveals nothing.

    The memory of up to `kept` hashes is kept for reuse.
    """

    cost: Cost
    kept: int
    _workspaces: Workspaces = attrs.field(init=False, repr=False, eq=False)
    _decoy: Encoded = attrs.field(init=False, repr=False, eq=False)
    """Dummy hash at the current cost, verified if there is no stored hash. No password matches it."""
    _stored_decoy: str = attrs.field(init=False, repr=False, eq=False)
    """Dummy hash in its stored form."""

    def __attrs_post_init__(self) -> None:
        decoy = self._encoded(bytes(SALT_BYTES), _EMPTY_TAG)
        object.__setattr__(self, "_workspaces", Workspaces(self.cost.memory_kib, self.kept))
        object.__setattr__(self, "_decoy", decoy)
        object.__setattr__(self, "_stored_decoy", decoy.write())

    def hash(self, password: Password) -> PasswordHash:
        """Return a new hash of `password`. Raises `Unavailable` if memory cannot be allocated."""
        # a salt needs no injected randomness: it is neither secret nor chosen by a caller
        made = self._encoded(os.urandom(SALT_BYTES), _EMPTY_TAG)
        return PasswordHash(attrs.evolve(made, tag=self._tag(made, password)).write())

    def verify(self, hash: PasswordHash | None, password: Password) -> bool:
        """Return whether `password` matches `hash`. Raises `Unavailable` if memory cannot be allocated."""
        # the dummy hash is parsed too, so that both cases take the same time
        stored = Encoded.read(self._stored_decoy if hash is None else hash.reveal())
        subject = stored or self._decoy
        is_same = compare_digest(self._tag(subject, password), subject.tag)
        return is_same and stored is not None and hash is not None and bool(password.text.strip())

    def _encoded(self, salt: bytes, tag: bytes) -> Encoded:
        return Encoded(type=Type.ID, version=VERSION, cost=self.cost, salt=salt, tag=tag)

    def _tag(self, subject: Encoded, password: Password) -> bytes:
        """Return the tag of `password` with the salt and cost of `subject`."""
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
            # `Cost`, `Encoded` and `Password` exclude every other error of Argon2
            raise Unavailable(f"Argon2 could not hash: {error}.") from error

    def needs_rehash(self, hash: PasswordHash) -> bool:
        """Return whether `hash` has other parameters than a new hash, or cannot be parsed."""
        stored = Encoded.read(hash.reveal())
        return stored is None or (stored.type, stored.version, stored.cost, len(stored.salt), len(stored.tag)) != (
            Type.ID,
            VERSION,
            self.cost,
            SALT_BYTES,
            TAG_BYTES,
        )
