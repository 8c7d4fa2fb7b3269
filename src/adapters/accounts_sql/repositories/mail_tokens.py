from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.model.ids import UserId
from accounts_core.model.mail_token import MailToken, MailTokenPurpose
from accounts_core.model.paging import Cursor
from accounts_core.model.secret_values import TokenDigest
from accounts_sql.connections.executors import Executor, RowFetcher
from accounts_sql.statements.mapping import RowMapping, email_address, enumeration, secret_value
from accounts_sql.statements.queries import Paged, Query, by_digest, by_moment, by_name, by_number, first
from accounts_sql.tables import mail_tokens

_TOKEN: Final = RowMapping(
    MailToken,
    mail_tokens,
    digest=secret_value(TokenDigest),
    purpose=enumeration(MailTokenPurpose),
    email=email_address(key="email_key"),
)
_TOKENS: Final = sa.select(*_TOKEN)
_MINE: Final = mail_tokens.c.user_id == by_number("owner")
_FIND: Final = Query(
    _TOKENS.where(mail_tokens.c.digest == by_digest("this")), first(_TOKEN.read), {"this": mail_tokens.c.digest}
)
_OF: Final = Paged(
    _TOKENS.where(_MINE),
    mail_tokens.c.created_at,
    mail_tokens.c.digest,
    _TOKEN.read,
    {"owner": mail_tokens.c.user_id},
)
_ADD: Final = mail_tokens.insert()
_REMOVE_ALL: Final = mail_tokens.delete().where(_MINE)
_REMOVE_SOME: Final = _REMOVE_ALL.where(mail_tokens.c.purpose == by_name("kind"))
_FORGET_AFTER: Final = mail_tokens.delete().where(mail_tokens.c.created_at > by_moment("after"))


@attrs.frozen
class MailTokenReader:
    """See `accounts_core.ports.mail_tokens.MailTokenReader`."""

    _db: RowFetcher

    async def list_for_user(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[MailToken]:
        return await _OF.fetch(self._db, limit, before, owner=user_id)


@attrs.frozen
class MailTokens(MailTokenReader):
    """See `accounts_core.ports.mail_tokens.MailTokens`."""

    _db: Executor

    async def add(self, token: MailToken) -> None:
        await self._db.run(_ADD, **_TOKEN.values(token))

    async def find(self, digest: TokenDigest) -> MailToken | None:
        return await self._db.fetch(_FIND, this=digest.reveal())

    async def delete_for_user(self, user_id: UserId, purpose: MailTokenPurpose | None = None) -> None:
        if purpose is None:
            await self._db.run(_REMOVE_ALL, owner=user_id)
        else:
            await self._db.run(_REMOVE_SOME, owner=user_id, kind=purpose.value)

    async def delete_created_after(self, moment: datetime) -> int:
        return await self._db.run(_FORGET_AFTER, after=moment)
