"""Sign out: the access token is refused from then on (ASVS 5.0, 7.4.1)."""

from contextlib import suppress

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.events import SignedOut
from accounts_core.model.session import Session
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.retry import retry_on_conflict


@attrs.frozen
class SignOut:
    """End the caller's own session."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, session: Session) -> None:
        """End a session; nothing happens when it has ended already.

        Args:
            session: The caller's session, as `authenticate` returned it.

        Raises:
            Unavailable: The database is away.

        """

        async def attempt() -> None:
            async with self._store.begin() as work:
                with suppress(NotFound):  # the user is gone, and every session with them
                    await work.users.get(session.user_id, lock=True)
                    if await work.sessions.find(session.id) is not None:
                        await work.sessions.delete(session.id)
                        work.record(SignedOut(user_id=session.user_id, at=self._clock.now(), session_id=session.id))

        await retry_on_conflict(self._store, attempt)
