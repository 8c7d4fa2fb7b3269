"""End sessions from another session, such as that of a lost device.

To end any session but one's own takes the current password or a recent sign-in (ASVS 5.0, 7.5.2).
"""

import attrs

from accounts_core.errors import NotFound, ReauthenticationRequired
from accounts_core.model.events import SessionsEnded
from accounts_core.model.passwords import Password
from accounts_core.model.policy import Policy
from accounts_core.model.session import Session
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.credentials import Reauthentication
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class EndSessions:
    """End one or all other sessions of a user."""

    _store: Store[UnitOfWork]
    _reauthentication: Reauthentication
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
        """End one session of the caller, or every other one.

        Args:
            session: The caller's own session.
            id: The session to end, which has to be of the same user; None ends every session but `session`.
            current_password: The user's password, at most 1,024 bytes of UTF-8. It is checked unless `id` is the
                caller's own session; None requires that `session` was signed in to recently.
            client: The IP address of the client, for rate limits; None if it is not known.

        Raises:
            NotFound: The user has no such session, or the user was deleted.
            ReauthenticationRequired: There is no `current_password`, and `session` is not a recent sign-in
                (`Policy.reauthentication`, 15 minutes by default).
            WrongPassword: On `current_password`, which is not the user's.
            Invalid: On `current_password`, which is too long or has characters that no password can have.
            RateLimitExceeded: Too many passwords were tried for this account (`sign-in`).
            TooManyFailures: Too many wrong passwords in a row were tried for this account.

        """
        if id != session.id:
            await self._check(session, current_password, client)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await work.users.get(session.user_id, lock=True)
                if id is None:
                    count = await work.sessions.delete_for_user(session.user_id, keep=session.id)
                elif (found := await work.sessions.find(id)) is not None and found.user_id == session.user_id:
                    await work.sessions.delete(id)
                    count = 1
                else:
                    raise NotFound("session", id)
                if count:
                    work.record(SessionsEnded(user_id=session.user_id, at=self._clock.now(), count=count))

        await retry_on_conflict(self._store, attempt)

    async def _check(self, session: Session, current_password: str | None, client: str | None) -> None:
        if current_password is None:
            if not self._policy.is_recent(session.created_at, now=self._clock.now()):
                raise ReauthenticationRequired
            return
        async with self._store.reader() as reader:
            user = await reader.users.find(session.user_id)
        if user is None:
            raise NotFound("user", session.user_id)
        await self._reauthentication.check(user, Password(current_password, field="current_password"), client)
