"""The data that the core itself keeps about a user, through the very port that hosts use for theirs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import attrs

from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import Cards
from accounts_core.ports.store import UnitOfWork
from accounts_core.use_cases.plain import plain

PAGE: Final = 1000
"""Long lists are read so many entries at a time for an export."""

E = TypeVar("E")


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
        teams = await _all(
            lambda last: work.teams.views_of(user_id, limit=PAGE, before=None if last is None else last.team.id)
        )
        email = user.proven_email
        received = (
            []
            if email is None
            else await _all(
                lambda last: work.teams.invitations_to(
                    email, limit=PAGE, before=None if last is None else last.invitation.id
                )
            )
        )
        return {
            "accounts": plain(teams),
            "interactions": plain(await work.teams.written_by(user_id)),
            "invitations": {"sent": plain(await work.teams.invitations_by(user_id)), "received": plain(received)},
        }

    async def erase(self, work: UnitOfWork, user_id: UserId) -> None:
        user = await work.users.get(user_id)
        await work.teams.erase(user_id)
        if user.email_verified_at is not None:
            await work.teams.remove_invitations_to(user.email)

    async def disassociate(self, work: UnitOfWork, user_id: UserId) -> None:
        await work.teams.disassociate(user_id)


@attrs.frozen
class OwnedPersonalData:
    """Everything else: the profile, and what is kept under it."""

    async def preview(self, work: UnitOfWork, user_id: UserId) -> DeletionPreview:
        return DeletionPreview(
            destroyed={
                "notifications": await work.notifications.count_of(user_id),
                "payment_methods": len(await work.payment_methods.of(user_id)),
                "sessions": await work.sessions.count_of(user_id),
            }
        )

    async def export(self, work: UnitOfWork, user_id: UserId) -> Mapping[str, Any]:
        """Of requests with a key only when: the answers that are kept repeat what is here."""
        user = await work.users.get(user_id)
        signed_up = [] if user.proven_email is None else await work.kept_requests.list_for_email(user.proven_email)
        activity = await _all(
            lambda last: work.audit.list(user_id=user_id, limit=PAGE, before=None if last is None else last.id)
        )
        return {
            "user": plain(user),
            "sessions": plain(await work.sessions.list_of(user_id)),
            "notifications": plain(await work.notifications.of(user_id)),
            "payment_methods": plain(tuple(await work.payment_methods.of(user_id))),
            "card_verifications": plain(await work.verifications.of(user_id)),
            "mailed_tokens": plain(await work.mail_tokens.of(user_id)),
            "devices": [{"first_seen_at": plain(at)} for at in await work.devices.first_seen(user_id)],
            "repeatable_requests": [
                {"created_at": plain(request.created_at)}
                for request in (*await work.kept_requests.of(user_id), *signed_up)
            ],
            "activity": plain(activity),
        }

    async def erase(self, work: UnitOfWork, user_id: UserId) -> None:
        await work.notifications.remove_of(user_id)
        await work.payment_methods.save(user_id, Cards())
        await work.sessions.remove_of(user_id)
        await work.mail_tokens.remove_of(user_id)
        await work.devices.remove_of(user_id)
        await work.kept_requests.remove_of(user_id)
        await work.kept_requests.delete_for_email((await work.users.get(user_id)).email)
        await work.audit.redact(user_id)

    async def disassociate(self, work: UnitOfWork, user_id: UserId) -> None:
        """Nothing of this is anybody else's."""


async def _all(page: Callable[[E | None], Awaitable[Sequence[E]]]) -> list[E]:
    """Read a list to its end; `page` takes the last entry that is known."""
    found: list[E] = []
    while more := await page(found[-1] if found else None):
        found += more
    return found
