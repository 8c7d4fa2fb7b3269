import attrs

from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork


@attrs.frozen
class TouchSession:
    """Note that a session is in use, for its idle time."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, session_id: str) -> None:
        """Set `last_used_at` to now; a session that has ended meanwhile is left alone."""
        async with self._store.begin() as work:
            await work.sessions.touch(session_id, at=self._clock.now())
