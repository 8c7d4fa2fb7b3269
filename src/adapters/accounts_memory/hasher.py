from hashlib import sha256
from hmac import compare_digest
from itertools import count
from typing import ClassVar, Final, Literal

from accounts_core.model.passwords import Password
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.ports.blocking import BlockingPasswordHasher

_SCHEME: Final = "plain-sha256"


class PlainHasher:
    """Password hasher without cost, for tests only: its hashes are easy to guess.

    `generation` represents the parameters of a real hasher: after an increase, every older hash needs a rehash.
    `hashed` and `verified` count the calls, and `requesters` lists the requester of each call in order.
    """

    suspends: ClassVar[Literal[False]] = False

    def __init__(self, generation: int = 1) -> None:
        self.generation = generation
        self.hashed = 0
        self.verified = 0
        self.requesters: list[Requester | None] = []
        self._salts = count(1)

    async def hash(self, password: Password, *, requester: Requester | None = None) -> PasswordHash:
        self.hashed += 1
        self.requesters.append(requester)
        return PasswordHash(_hash(password, generation=str(self.generation), salt=f"{next(self._salts):08x}"))

    async def verify(
        self, hash: PasswordHash | None, password: Password, *, requester: Requester | None = None
    ) -> bool:
        self.verified += 1
        self.requesters.append(requester)
        stored = "" if hash is None else hash.reveal()
        scheme, _, rest = stored.partition("$")
        generation, _, rest = rest.partition("$")
        salt, _, _ = rest.partition("$")
        expected = _hash(password, generation=generation, salt=salt)
        return scheme == _SCHEME and password.text.strip() != "" and compare_digest(expected.encode(), stored.encode())

    def needs_rehash(self, hash: PasswordHash) -> bool:
        return not hash.reveal().startswith(f"{_SCHEME}${self.generation}$")


def _hash(password: Password, *, generation: str, salt: str) -> str:
    digest = sha256(f"{salt}{password.text}".encode()).hexdigest()
    return f"{_SCHEME}${generation}${salt}${digest}"


_: type[BlockingPasswordHasher] = PlainHasher
