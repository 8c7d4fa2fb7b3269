from typing import Final

import attrs

from accounts_core.model.events import EmailChanged, EmailVerified
from accounts_core.model.ids import ID_BYTES, UserId, prefixed_id
from accounts_core.model.notification import Notification
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.retrying import settle

MOST_INVITATIONS: Final = 200


@attrs.frozen
class VerifyEmail:
    """Take the address that waits for it as verified: for operators, and for whoever has seen the person's proof."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _secrets: Secrets

    async def __call__(self, user_id: UserId) -> User:
        """Verify the pending address if there is one, else the present one, and return the user.

        Invitations that were waiting for the address notify the user now. Raises `NotFound`, and `EmailTaken` when
        somebody else has verified the pending address first.
        """

        async def attempt() -> User:
            async with self._store.begin() as work:
                before = await work.users.get(user_id, lock=True)
                now = self._clock.now()
                after = before.verify_email(at=now)
                if after is before:
                    return before
                saved = await work.users.save(after)
                if after.email != before.email:
                    work.record(EmailChanged(user_id=user_id, at=now, before=before.email, after=after.email))
                work.record(EmailVerified(user_id=user_id, at=now, email=after.email))
                for view in await work.teams.invitations_to(after.email, limit=MOST_INVITATIONS):
                    await work.notifications.add(
                        Notification.invite(
                            id=prefixed_id("ntf", self._secrets.random_bytes(ID_BYTES)),
                            user_id=user_id,
                            team_name=view.team_name,
                            at=now,
                        )
                    )
                return saved

        return await settle(self._store, attempt)
