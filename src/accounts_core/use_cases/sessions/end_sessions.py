"""Seeing where one is signed in, and ending it from somewhere else."""

import attrs

from accounts_core.errors import NotFound, ReauthenticationRequired
from accounts_core.model.events import SessionsEnded
from accounts_core.model.passwords import Password
from accounts_core.model.policy import Policy
from accounts_core.model.session import Session
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.credentials import Proofs
from accounts_core.services.retry import settle


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
