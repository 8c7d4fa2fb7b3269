import attrs

from accounts_core.model.events import Actor, UserDeactivated
from accounts_core.model.ids import UserId
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.retry import settle


@attrs.frozen
class Deactivate:
    """Close an account without losing anything of it."""

    _store: Store[UnitOfWork]
    _clock: Clock

    async def __call__(self, user_id: UserId, *, by: Actor = Actor.USER) -> User:
        """Deactivate; every session ends, and every mailed token dies, in the same transaction.

        Raises `NotFound` and `AccountDeactivated`.
        """

        async def attempt() -> User:
            async with self._store.begin() as work:
                now = self._clock.now()
                user = (await work.users.get(user_id, lock=True)).deactivate(at=now)
                saved = await work.users.save(user)
                await work.sessions.remove_of(user_id)
                await work.mail_tokens.remove_of(user_id)
                work.record(UserDeactivated(user_id=user_id, at=now, by=by, tell=user.proven_email))
            return saved

        return await settle(self._store, attempt)
