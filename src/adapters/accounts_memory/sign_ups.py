from collections.abc import Callable

import attrs

from accounts_core.errors import Conflict
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.secret_values import TokenDigest
from accounts_core.model.sign_up import SignUp
from accounts_core.ports.sign_ups import SignUps

from .schema import Workspace


class MemorySignUps:
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        self._workspace = workspace

    async def add(self, sign_up: SignUp) -> None:
        self._workspace().sign_ups.add(sign_up)

    async def find(self, id: str) -> SignUp | None:
        return self._workspace().sign_ups.get(id)

    async def find_by_digest(self, digest: TokenDigest) -> SignUp | None:
        return next(iter(self._workspace().sign_ups.find("digest", digest)), None)

    async def save(self, sign_up: SignUp) -> None:
        sign_ups = self._workspace().sign_ups
        stored = sign_ups.get(sign_up.id)
        if stored is None:
            raise Conflict("The sign-up is gone.")
        sign_ups.put(attrs.evolve(stored, digest=sign_up.digest, expires_at=sign_up.expires_at))

    async def delete(self, id: str) -> None:
        sign_ups = self._workspace().sign_ups
        stored = sign_ups.get(id)
        if stored is not None:
            sign_ups.drop(stored)

    async def delete_for_email(self, email: EmailAddress) -> None:
        sign_ups = self._workspace().sign_ups
        for sign_up in sign_ups.find("email", email.key):
            sign_ups.drop(sign_up)


_sign_ups: type[SignUps] = MemorySignUps
