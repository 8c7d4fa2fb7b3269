"""Hashing itself, plain and synchronous; the two hashers differ in where they run it."""

from hmac import compare_digest
from typing import Final

import argon2
import attrs
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw

from accounts_argon2.cost import Cost
from accounts_argon2.encoded import SALT_BYTES, TAG_BYTES, VERSION, Encoded
from accounts_core.errors import Unavailable
from accounts_core.model.passwords import Password

_NOBODY: Final = bytes(TAG_BYTES)


@attrs.frozen
class Argon2:
    """Argon2id at one cost. Every verification recomputes one tag and compares it, whether it can be right or not."""

    cost: Cost
    _hasher: argon2.PasswordHasher = attrs.field(init=False, repr=False, eq=False)
    _nobodys: str = attrs.field(init=False, repr=False, eq=False)
    """What is worked on where there is no user: of present cost, and nobody's, so no password is right for it."""
    _decoy: Encoded = attrs.field(init=False, repr=False, eq=False)
    """The same, for where what is stored is no hash."""

    def __attrs_post_init__(self) -> None:
        hasher = argon2.PasswordHasher(
            memory_cost=self.cost.memory_kib,
            time_cost=self.cost.passes,
            parallelism=self.cost.lanes,
            salt_len=SALT_BYTES,
            hash_len=TAG_BYTES,
            type=Type.ID,
        )
        decoy = Encoded(type=Type.ID, version=VERSION, cost=self.cost, salt=bytes(SALT_BYTES), tag=_NOBODY)
        object.__setattr__(self, "_hasher", hasher)
        object.__setattr__(self, "_nobodys", decoy.write())
        object.__setattr__(self, "_decoy", decoy)

    def hash(self, password: Password) -> str:
        """Return a new hash of `password`. Raises `Unavailable` when the memory for it cannot be had."""
        try:
            return self._hasher.hash(password.text)
        except HashingError as error:
            raise _out_of_memory(error) from error

    def verify(self, hash: str | None, password: Password) -> bool:
        """Say whether `hash` was made of `password`. Raises `Unavailable` when the memory for it cannot be had."""
        # what there is none of is read as well: that takes its time, too
        stored = Encoded.read(self._nobodys if hash is None else hash)
        subject = stored or self._decoy
        try:
            tag = hash_secret_raw(
                secret=password.text.encode(),
                salt=subject.salt,
                memory_cost=subject.cost.memory_kib,
                time_cost=subject.cost.passes,
                parallelism=subject.cost.lanes,
                hash_len=len(subject.tag),
                type=subject.type,
                version=subject.version,
            )
        except HashingError as error:
            raise _out_of_memory(error) from error
        is_same = compare_digest(tag, subject.tag)
        return is_same and stored is not None and hash is not None and bool(password.text.strip())

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


def _out_of_memory(error: HashingError) -> Unavailable:
    # every other reason that Argon2 has for refusing is excluded by `Cost`, `Encoded` and `Password`
    return Unavailable(f"Argon2 could not hash: {error}.")
