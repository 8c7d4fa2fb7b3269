"""Seeing where one is signed in, and ending it from somewhere else."""

import attrs

from accounts_core.errors import NotFound, ReauthenticationRequired
from accounts_core.model.events import Actor, SessionsEnded
from accounts_core.model.ids import UserId
from accounts_core.model.paging import DEFAULT_PAGE, Cursor, Page
from accounts_core.model.passwords import Password
from accounts_core.model.policy import Policy
from accounts_core.model.session import Session
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.credentials import Proofs
from accounts_core.use_cases.paging import Listed
from accounts_core.use_cases.retrying import settle


@attrs.frozen
class ListSessions:
    """Read where a user is signed in."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, *, limit: int = DEFAULT_PAGE, before: str | None = None) -> Page[Session]:
        """Return at most `limit` live sessions, the newest sign-in first, from the position or the id `before` on.

        Raises `Invalid` on `before`.
        """
        now = self._clock.now()
        async with self._store.read() as views:

            async def find(id: str) -> Cursor | None:
                session = await views.sessions.find(id)
                return None if session is None or session.user_id != user_id else _cursor(session)

            return await Listed(
                name=f"sessions of {user_id}",
                kind=Cursor,
                position=_cursor,
                read=lambda count, below: views.sessions.list_of(user_id, limit=count, before=below),
                find=find,
                is_shown=lambda session: session.is_live(now=now, policy=self._policy.sessions),
            ).page(limit=limit, before=before)


def _cursor(session: Session) -> Cursor:
    return Cursor(session.created_at, session.id)


@attrs.frozen
class EndSessions:
    """End sessions of one's own, from another one."""

    _store: Store[UnitOfWork]
    _proofs: Proofs
    _clock: Clock
    _policy: Policy

    async def __call__(
        self,
        session: Session,
        id: str | None = None,
        *,
        current_password: str | None = None,
        client: str | None = None,
    ) -> None:
        """End the session `id` of the same user, or for None every one but `session`, which is the caller's.

        To end another one than `session` is sensitive: it needs the present password, or a `session` signed in a moment
        ago. `client` is the address that the call comes from. Raises `NotFound`, `ReauthenticationRequired`,
        `WrongPassword` on `current_password` and `LimitExceeded`.
        """
        if id != session.id:
            await self._check(session, current_password, client)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await work.users.get(session.user_id, lock=True)
                if id is None:
                    count = await work.sessions.remove_of(session.user_id, keep=session.id)
                elif (found := await work.sessions.find(id)) is not None and found.user_id == session.user_id:
                    await work.sessions.remove(id)
                    count = 1
                else:
                    raise NotFound("session", id)
                if count:
                    work.record(SessionsEnded(user_id=session.user_id, at=self._clock.now(), count=count))

        await settle(self._store, attempt)

    async def _check(self, session: Session, current_password: str | None, client: str | None) -> None:
        if current_password is None:
            if not self._policy.is_recent(session.created_at, now=self._clock.now()):
                raise ReauthenticationRequired
            return
        async with self._store.read() as views:
            user = await views.users.find(session.user_id)
        if user is None:
            raise NotFound("user", session.user_id)
        await self._proofs.check(user, Password(current_password, field="current_password"), client)


@attrs.frozen
class EndAllSessions:
    """End every session of a user: for operators (ASVS 5.0, 7.4.5)."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, user_id: UserId) -> int:
        """Return how many there were. Raises `NotFound`."""

        async def attempt() -> int:
            async with self._store.begin() as work:
                await work.users.get(user_id, lock=True)
                count = await work.sessions.remove_of(user_id)
                if count:
                    work.record(SessionsEnded(user_id=user_id, at=self._clock.now(), by=Actor.OPERATOR, count=count))
            return count

        return await settle(self._store, attempt)
