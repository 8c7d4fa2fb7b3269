"""Open a session after a successful sign-in, confirmation or restore.

The oldest session ends first if the user has as many as the policy allows.
"""

import re
from hashlib import sha256
from typing import Any, Final, Generic

import attrs

from accounts_core.model.events import SignedIn
from accounts_core.model.ids import ID_BYTES, prefixed_id
from accounts_core.model.policy import Policy
from accounts_core.model.profile_data import D
from accounts_core.model.session import Session
from accounts_core.model.tokens import TOKEN_BYTES, digest_of, new_token
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import UnitOfWork
from accounts_core.services.profiles import Profiles

_NUMBERS: Final = re.compile(r"[0-9]+")


@attrs.frozen(kw_only=True)
class SignInResult(Generic[D]):
    """A new session. The token is only returned here: the store has its digest."""

    token: str = attrs.field(repr=False)
    """The access token."""
    session: Session
    user: User[D]


@attrs.frozen
class SessionOpener(Generic[D]):
    """Opens sessions in a unit of work."""

    _clock: Clock
    _secrets: Secrets
    _policy: Policy
    _profiles: Profiles[D]

    async def open(
        self, work: UnitOfWork, user: User[Any], *, user_agent: str | None, client: str | None = None
    ) -> SignInResult[D]:
        """Open a session for a user.

        Args:
            work: The unit of work.
            user: The user, locked in `work`, so that no session is opened beside a deactivation.
            user_agent: The browser's or client's own description, None if it gave none.
            client: IP address of the caller, None if unknown.

        Returns:
            The session and its token. If the user had as many sessions as the policy allows, the oldest was ended.

        """
        now = self._clock.now()
        token = new_token(self._secrets.random_bytes(TOKEN_BYTES))
        session = Session.begin(
            id=prefixed_id("ses", self._secrets.random_bytes(ID_BYTES)),
            user_id=user.id,
            digest=digest_of(token),
            at=now,
            policy=self._policy.sessions,
            user_agent=user_agent,
        )
        # before the new session is added: after a clock was set back it would be the oldest itself
        await work.sessions.delete_oldest_for_user(user.id, keep=self._policy.sessions.most - 1)
        await work.sessions.add(session)
        is_new = await work.devices.add(user.id, device_digest(session.user_agent), at=now)
        work.record(
            SignedIn(
                user_id=user.id,
                at=now,
                tell=user.verified_email,
                session_id=session.id,
                user_agent=session.user_agent,
                client=client,
                new_device=is_new and await work.devices.count_for_user(user.id) > 1,
            )
        )
        return SignInResult(token=str(token), session=session, user=self._profiles.bind(user))


def device_digest(user_agent: str | None) -> bytes:
    """Return the digest that identifies a device: its user agent without numbers, which change with every update."""
    return sha256(_NUMBERS.sub("", user_agent or "").encode()).digest()
