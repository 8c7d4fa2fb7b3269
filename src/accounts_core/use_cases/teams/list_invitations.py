"""Invitations are addressed to an email address, so a user sees them only while that address is verified."""

from collections.abc import Sequence

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.paging import DEFAULT_PAGE, Cursor, Page
from accounts_core.model.policy import Policy
from accounts_core.model.team import InvitationView
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.open_invitations import invitation_cursor
from accounts_core.services.paging import Listed


@attrs.frozen
class ListInvitations:
    """List the open invitations of a user."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy

    async def __call__(
        self, user_id: UserId, *, limit: int = DEFAULT_PAGE, before: str | None = None
    ) -> Page[InvitationView]:
        """Return one page of the open invitations to the user's verified address, newest first.

        Args:
            user_id: The invited user.
            limit: The most entries to return; less than 1 gives an empty page.
            before: `next` of the previous page, or the id of one of these invitations; None starts with the newest.

        Returns:
            The page. Its `next` is the cursor of the next page, None on the last one. Empty for a user whose address
            is unverified and for an unknown user.

        Raises:
            Invalid: On `before`: neither a cursor of this list nor the id of an entry.

        """
        async with self._store.reader() as reader:
            user = await reader.users.find(user_id)
            email = None if user is None else user.verified_email

            open_since = self._policy.invitations_open_since(self._clock.now())

            async def read(count: int, below: Cursor | None) -> Sequence[InvitationView]:
                if email is None:
                    return ()
                return await reader.teams.list_invitations_to(email, limit=count, before=below, open_since=open_since)

            async def find(id: str) -> Cursor | None:
                view = await reader.teams.find_invitation(id, open_since=open_since)
                return None if view is None or view.invitation.email != email else invitation_cursor(view)

            return await Listed(
                name=f"invitations of {user_id}", kind=Cursor, position=invitation_cursor, read=read, find=find
            ).page(limit=limit, before=before)
