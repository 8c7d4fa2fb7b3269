from typing import Final

import attrs

from accounts_core.model.events import EmailChanged, EmailVerified
from accounts_core.model.ids import UserId
from accounts_core.model.notification import Notification
from accounts_core.model.outbox import Job
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.effects import Effects, tell_provider
from accounts_core.use_cases.retrying import settle

MOST_INVITATIONS: Final = 200


@attrs.frozen
class VerifyEmail:
    """Take the address that waits for it as verified: for operators, and for whoever has seen the person's proof."""

    _store: Store[UnitOfWork]
    _effects: Effects
    _clock: Clock

    async def __call__(self, user_id: UserId) -> User:
        """Verify the pending address if there is one, else the present one, and return the user.

        Invitations that were waiting for the address notify the user now. Raises `NotFound`, and `EmailTaken` when
        somebody else has verified the pending address first.
        """

        async def attempt() -> tuple[User, tuple[Job, ...]]:
            async with self._store.begin() as work:
                before = await work.users.get(user_id, lock=True)
                now = self._clock.now()
                after = before.verify_email(at=now)
                if after is before:
                    return before, ()
                saved = await work.users.save(after)
                if after.email != before.email:
                    work.record(EmailChanged(user_id=user_id, at=now, before=before.email, after=after.email))
                work.record(EmailVerified(user_id=user_id, at=now, email=after.email))
                for view in await work.teams.invitations_to(after.email, limit=MOST_INVITATIONS):
                    await work.notifications.add(
                        Notification.invite(
                            id=self._effects.new_id("ntf"),
                            user_id=user_id,
                            team_name=view.team_name,
                            at=now,
                        )
                    )
                return saved, await tell_provider(work, self._effects, before=before, after=saved)

        verified, jobs = await settle(self._store, attempt)
        await self._effects.attempt(*jobs)
        return verified
