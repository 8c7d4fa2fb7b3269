from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import Conflict
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.secret_values import PasswordHash, TokenDigest
from accounts_core.model.sign_up import SignUp
from accounts_sql.connections.executors import Executor
from accounts_sql.statements.mapping import RowMapping, email_address, profile_data, secret_value
from accounts_sql.statements.queries import Query, by_digest, by_name, first
from accounts_sql.tables import sign_ups

_SIGN_UP: Final = RowMapping(
    SignUp,
    sign_ups,
    email=email_address(key="email_key"),
    password_hash=secret_value(PasswordHash),
    digest=secret_value(TokenDigest),
    profile_data=profile_data(),
)
_SIGN_UPS: Final = sa.select(*_SIGN_UP)
_FIND: Final = Query(_SIGN_UPS.where(sign_ups.c.id == by_name("this")), first(_SIGN_UP.read), {"this": sign_ups.c.id})
_FIND_BY_DIGEST: Final = Query(
    _SIGN_UPS.where(sign_ups.c.digest == by_digest("this")), first(_SIGN_UP.read), {"this": sign_ups.c.digest}
)
_ADD: Final = sign_ups.insert()
_SAVE: Final = sign_ups.update().where(sign_ups.c.id == by_name("this"))
_DELETE: Final = sign_ups.delete().where(sign_ups.c.id == by_name("this"))
_DELETE_FOR_EMAIL: Final = sign_ups.delete().where(sign_ups.c.email_key == by_name("key"))


def _digest(sign_up: SignUp) -> bytes | None:
    return None if sign_up.digest is None else sign_up.digest.reveal()


@attrs.frozen
class SignUps:
    """See `accounts_core.ports.sign_ups.SignUps`."""

    _db: Executor

    async def add(self, sign_up: SignUp) -> None:
        await self._db.run(_ADD, **_SIGN_UP.values(sign_up))

    async def find(self, id: str) -> SignUp | None:
        return await self._db.fetch(_FIND, this=id)

    async def find_by_digest(self, digest: TokenDigest) -> SignUp | None:
        return await self._db.fetch(_FIND_BY_DIGEST, this=digest.reveal())

    async def save(self, sign_up: SignUp) -> None:
        if not await self._db.run(_SAVE, this=sign_up.id, digest=_digest(sign_up), expires_at=sign_up.expires_at):
            raise Conflict("The sign-up is gone.")

    async def delete(self, id: str) -> None:
        await self._db.run(_DELETE, this=id)

    async def delete_for_email(self, email: EmailAddress) -> None:
        await self._db.run(_DELETE_FOR_EMAIL, key=email.key)
