"""The data that the core itself keeps about a user, through the very port that hosts use for theirs."""

import attrs

from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import Cards
from accounts_core.ports.store import UnitOfWork


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

    async def erase(self, work: UnitOfWork, user_id: UserId) -> None:
        await work.notifications.remove_of(user_id)
        await work.payment_methods.save(user_id, Cards())
        await work.sessions.remove_of(user_id)

    async def disassociate(self, work: UnitOfWork, user_id: UserId) -> None:
        """Nothing of this is anybody else's."""
