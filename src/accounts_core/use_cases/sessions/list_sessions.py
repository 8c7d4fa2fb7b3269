"""List a user's sessions, so that the user can recognise one that is not theirs and end it (ASVS 5.0, 7.5.2)."""

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.paging import DEFAULT_PAGE, Cursor, Page
from accounts_core.model.policy import Policy
from accounts_core.model.session import Session
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.paging import Listed


def _cursor(session: Session) -> Cursor:
    return Cursor(session.created_at, session.id)


@attrs.frozen
class ListSessions:
    """List the sessions of a user."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, *, limit: int = DEFAULT_PAGE, before: str | None = None) -> Page[Session]:
        """List the live sessions of a user, the newest sign-in first.

        Args:
            user_id: The user.
            limit: The most sessions to return; less than 1 returns none.
            before: Where to go on: `next` of the page before, or the id of one of these sessions; None begins at the
                newest.

        Returns:
            A page of sessions; its `next` is None on the last page.

        Raises:
            Invalid: On `before`, which is neither a cursor of this list nor the id of a session of this user.

        """
        now = self._clock.now()
        async with self._store.reader() as reader:

            async def find(id: str) -> Cursor | None:
                session = await reader.sessions.find(id)
                return None if session is None or session.user_id != user_id else _cursor(session)

            return await Listed(
                name=f"sessions of {user_id}",
                kind=Cursor,
                position=_cursor,
                read=lambda count, below: reader.sessions.list_for_user(user_id, limit=count, before=below),
                find=find,
                is_shown=lambda session: session.is_live(now=now, policy=self._policy.sessions),
            ).page(limit=limit, before=before)
