"""The data that the core itself keeps about a user, through the very port that hosts use for theirs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from accounts_core.model.audit import AuditEntry
from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.email import Email
from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import Cards
from accounts_core.model.team import InvitationView
from accounts_core.ports.store import UnitOfWork
from accounts_core.use_cases.plain import plain

MOST_EXPORTED: Final = 1000
"""Teams and received invitations in an export; activity is read in pages of this size."""


@attrs.frozen
class OwnedTeams:
    """The teams that a user owns, and what they are and did in other people's."""

    async def preview(self, work: UnitOfWork, user_id: UserId) -> DeletionPreview:
        footprint = await work.teams.footprint(user_id)
        return DeletionPreview(
            destroyed={
                "accounts": footprint.owned_teams,
                "interactions": footprint.interactions_in_owned,
                "memberships": footprint.memberships,
            },
            disassociated={"interactions": footprint.interactions_elsewhere},
        )

    async def export(self, work: UnitOfWork, user_id: UserId) -> Mapping[str, Any]:
        user = await work.users.get(user_id)
        teams = await work.teams.views_of(user_id, limit=MOST_EXPORTED)
        received = [] if user.proven_email is None else await self._received(work, user.proven_email)
        return {
            "accounts": plain(teams),
            "interactions": plain(await work.teams.written_by(user_id)),
            "invitations": {"sent": plain(await work.teams.invitations_by(user_id)), "received": plain(received)},
        }

    async def _received(self, work: UnitOfWork, email: Email) -> Sequence[InvitationView]:
        return await work.teams.invitations_to(email, limit=MOST_EXPORTED)

    async def erase(self, work: UnitOfWork, user_id: UserId) -> None:
        user = await work.users.get(user_id)
        await work.teams.erase(user_id)
        if user.email_verified_at is not None:
            await work.teams.remove_invitations_to(user.email)

    async def disassociate(self, work: UnitOfWork, user_id: UserId) -> None:
        await work.teams.disassociate(user_id)


@attrs.frozen
class OwnedPersonalData:
    """Notifications, payment methods and sessions."""

    async def preview(self, work: UnitOfWork, user_id: UserId) -> DeletionPreview:
        return DeletionPreview(
            destroyed={
                "notifications": await work.notifications.count_of(user_id),
                "payment_methods": len(await work.payment_methods.of(user_id)),
                "sessions": await work.sessions.count_of(user_id),
            }
        )

    async def export(self, work: UnitOfWork, user_id: UserId) -> Mapping[str, Any]:
        return {
            "user": plain(await work.users.get(user_id)),
            "sessions": plain(await work.sessions.list_of(user_id)),
            "notifications": plain(await work.notifications.of(user_id)),
            "payment_methods": plain(tuple(await work.payment_methods.of(user_id))),
            "card_verifications": plain(await work.verifications.of(user_id)),
            "activity": plain(await self._activity(work, user_id)),
        }

    async def _activity(self, work: UnitOfWork, user_id: UserId) -> list[AuditEntry]:
        entries: list[AuditEntry] = []
        while page := await work.audit.list(
            user_id=user_id, before=entries[-1].id if entries else None, limit=MOST_EXPORTED
        ):
            entries += page
        return entries

    async def erase(self, work: UnitOfWork, user_id: UserId) -> None:
        await work.notifications.remove_of(user_id)
        await work.payment_methods.save(user_id, Cards())
        await work.sessions.remove_of(user_id)
        await work.mail_tokens.remove_of(user_id)
        await work.devices.remove_of(user_id)
        await work.kept_requests.remove_of(user_id)
        await work.audit.redact(user_id)

    async def disassociate(self, work: UnitOfWork, user_id: UserId) -> None:
        """Nothing of this is anybody else's."""
