from collections.abc import Callable, Sequence
from datetime import datetime

from accounts_core.model.ids import UserId
from accounts_core.model.mail_token import MailToken, MailTokenPurpose
from accounts_core.model.paging import Cursor
from accounts_core.model.secret_values import TokenDigest
from accounts_core.ports.mail_tokens import MailTokenReader, MailTokens

from .pages import page_below
from .schema import Tables, Workspace


class MemoryMailTokenReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def list_for_user(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[MailToken]:
        rows = self._tables().mail_tokens.find("user_id", user_id)
        return page_below(rows, order=lambda each: (each.created_at, each.digest.reveal()), limit=limit, before=before)


class MemoryMailTokens(MemoryMailTokenReader):
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        super().__init__(workspace)
        self._workspace = workspace

    async def add(self, token: MailToken) -> None:
        self._workspace().mail_tokens.add(token)

    async def find(self, digest: TokenDigest) -> MailToken | None:
        return self._workspace().mail_tokens.get(digest)

    async def delete_for_user(self, user_id: UserId, purpose: MailTokenPurpose | None = None) -> None:
        tokens = self._workspace().mail_tokens
        for token in tokens.find("user_id", user_id):
            if purpose is None or token.purpose is purpose:
                tokens.drop(token)

    async def delete_created_after(self, moment: datetime) -> int:
        tokens = self._workspace().mail_tokens
        later = [token for token in tokens.all() if token.created_at > moment]
        for token in later:
            tokens.drop(token)
        return len(later)


_reads: type[MailTokenReader] = MemoryMailTokenReader
_tokens: type[MailTokens] = MemoryMailTokens
