from collections.abc import Callable, Sequence
from datetime import datetime

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.payment_method import Cards
from accounts_core.model.secret_values import TokenDigest
from accounts_core.model.session import Session
from accounts_core.model.times import is_ahead
from accounts_core.model.user import User
from accounts_core.ports.sessions import SessionReader, Sessions

from .pages import page_below
from .schema import Tables, Workspace


class MemorySessionReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def resolve(self, digest: TokenDigest) -> tuple[Session, User] | None:
        return _resolve(self._tables(), digest)

    async def resolve_with_cards(self, digest: TokenDigest) -> tuple[Session, User, Cards] | None:
        tables = self._tables()
        resolved = _resolve(tables, digest)
        if resolved is None:
            return None
        return *resolved, Cards(tables.payment_methods.find("user_id", resolved[1].id))

    async def list_for_user(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[Session]:
        rows = self._tables().sessions.find("user_id", user_id)
        return page_below(rows, order=_time_and_id, limit=limit, before=before)

    async def find(self, id: str) -> Session | None:
        return self._tables().sessions.get(id)


def _time_and_id(session: Session) -> tuple[datetime, str]:
    return session.created_at, session.id


def _resolve(tables: Tables, digest: TokenDigest) -> tuple[Session, User] | None:
    for session in tables.sessions.find("digest", digest):
        user = tables.users.get(session.user_id)
        if user is not None:
            return session, user
    return None


class MemorySessions(MemorySessionReader):
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        super().__init__(workspace)
        self._workspace = workspace

    async def add(self, session: Session) -> None:
        self._workspace().sessions.add(session)

    async def touch(self, id: str, *, at: datetime) -> None:
        sessions = self._workspace().sessions
        session = sessions.get(id)
        if session is not None and (session.last_used_at < at or is_ahead(session.last_used_at, now=at)):
            sessions.put(attrs.evolve(session, last_used_at=at))

    async def delete(self, id: str) -> None:
        sessions = self._workspace().sessions
        session = sessions.get(id)
        if session is not None:
            sessions.drop(session)

    async def delete_for_user(self, user_id: UserId, *, keep: str | None = None) -> int:
        sessions = self._workspace().sessions
        ended = [session for session in sessions.find("user_id", user_id) if session.id != keep]
        for session in ended:
            sessions.drop(session)
        return len(ended)

    async def delete_oldest_for_user(self, user_id: UserId, *, keep: int) -> None:
        sessions = self._workspace().sessions
        for session in sorted(sessions.find("user_id", user_id), key=_time_and_id, reverse=True)[keep:]:
            sessions.drop(session)

    async def correct_times(
        self, *, after: datetime, created_at: datetime, used_at: datetime, expires_at: datetime
    ) -> int:
        sessions = self._workspace().sessions
        later = [each for each in sessions.all() if each.created_at > after]
        for session in later:
            sessions.put(attrs.evolve(session, created_at=created_at, last_used_at=used_at, expires_at=expires_at))
        return len(later)

    async def count_for_user(self, user_id: UserId) -> int:
        return sum(1 for _ in self._workspace().sessions.find("user_id", user_id))


_reads: type[SessionReader] = MemorySessionReader
_sessions: type[Sessions] = MemorySessions
