import attrs

from accounts_core.model.events import SignedOut
from accounts_core.model.session import Session
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class SignOut:
    """End a session."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, session: Session) -> None:
        """End it; one that is gone is ended already."""
        async with self._store.begin() as work:
            await work.sessions.remove(session.id)
            work.record(SignedOut(user_id=session.user_id, at=self._clock.now(), session_id=session.id))
