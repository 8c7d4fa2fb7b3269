"""The library's own data about a user, behind the same port as the application's."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import attrs

from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.payment_method import Cards
from accounts_core.model.team import InvitationView
from accounts_core.ports.owned_data import Pages
from accounts_core.ports.store import Reader, UnitOfWork
from accounts_core.services.plain import plain

E = TypeVar("E")

C = TypeVar("C")

PAGE: Final = 200
"""Entries of a list that an export reads at once."""

PAGE_OF_LONG_TEXTS: Final = 20
"""The same for entries of up to `MAX_BODY` characters: a page is 1.2 MB at most as JSON."""


@attrs.frozen
class OwnedTeams:
    """The teams that a user owns, and the user's memberships, invitations and interactions in other teams."""

    async def preview(self, work: UnitOfWork, user_id: UserId) -> DeletionPreview:
        """Count the teams that are deleted with the user, and the interactions that lose their author."""
        footprint = await work.teams.count_footprint(user_id)
        return DeletionPreview(
            destroyed={
                "accounts": footprint.owned_teams,
                "interactions": footprint.interactions_in_owned,
                "memberships": footprint.memberships,
            },
            disassociated={"interactions": footprint.interactions_elsewhere},
        )

    async def export(self, work: UnitOfWork, user_id: UserId) -> Mapping[str, Any]:
        """Return the user's teams, interactions and invitations, as pages."""
        email = (await work.users.get(user_id)).verified_email
        return {
            "accounts": _pages(
                lambda reader, last: reader.teams.list_for_user(user_id, limit=PAGE, before=last),
                lambda view: view.team.id,
            ),
            "interactions": _pages(
                lambda reader, last: reader.teams.list_interactions_by(user_id, limit=PAGE_OF_LONG_TEXTS, before=last),
                _cursor,
            ),
            "invitations": {
                "sent": _pages(
                    lambda reader, last: reader.teams.list_invitations_by(user_id, limit=PAGE, before=last), _cursor
                ),
                "received": [] if email is None else _invitations_to(email),
            },
        }

    async def erase(self, work: UnitOfWork, user_id: UserId) -> None:
        """Delete the user's teams, memberships and invitations, and those to the user's address."""
        user = await work.users.get(user_id)
        await work.teams.delete_for_user(user_id)
        if user.email_verified_at is not None:
            await work.teams.delete_invitations_to(user.email)
            await work.audit.redact_invited(user.email)
            await work.outbox.delete_for_email(user.email)

    async def disassociate(self, work: UnitOfWork, user_id: UserId) -> None:
        """Remove the author from the user's interactions in other teams."""
        await work.teams.disassociate(user_id)


@attrs.frozen
class OwnedPersonalData:
    """Everything else: the profile, and what is stored about its user."""

    async def preview(self, work: UnitOfWork, user_id: UserId) -> DeletionPreview:
        """Count the rows that are deleted with the user."""
        return DeletionPreview(
            destroyed={
                "notifications": await work.notifications.count_for_user(user_id),
                "payment_methods": len(await work.payment_methods.list_for_user(user_id)),
                "sessions": await work.sessions.count_for_user(user_id),
            }
        )

    async def export(self, work: UnitOfWork, user_id: UserId) -> Mapping[str, Any]:
        """Return the profile and everything stored about its user.

        Of requests with an idempotency key only the times: their answers repeat what the export has already.
        """
        user = await work.users.get(user_id)
        signed_up = [] if user.verified_email is None else await work.idempotency.list_for_email(user.verified_email)
        return {
            "user": plain(user),
            "sessions": _pages(
                lambda reader, last: reader.sessions.list_for_user(user_id, limit=PAGE, before=last), _cursor
            ),
            "notifications": _pages(
                lambda reader, last: reader.notifications.list_for_user(user_id, limit=PAGE, before=last), _cursor
            ),
            "payment_methods": plain(tuple(await work.payment_methods.list_for_user(user_id))),
            "card_verifications": _pages(
                lambda reader, last: reader.verifications.list_for_user(user_id, limit=PAGE, before=last), _cursor
            ),
            "mailed_tokens": _pages(
                lambda reader, last: reader.mail_tokens.list_for_user(user_id, limit=PAGE, before=last),
                lambda token: Cursor(token.created_at, token.digest.reveal()),
            ),
            "devices": _pages(
                lambda reader, last: reader.devices.list_for_user(user_id, limit=PAGE, before=last),
                lambda device: Cursor(device.first_seen_at, device.digest),
            ),
            "repeatable_requests": _pages(
                lambda reader, last: reader.idempotency.list_for_user(user_id, limit=PAGE, before=last),
                lambda request: Cursor(request.created_at, request.scope),
            ),
            "repeatable_sign_ups": [{"created_at": plain(request.created_at)} for request in signed_up],
            "activity": _pages(
                lambda reader, last: reader.audit.list(user_id=user_id, limit=PAGE, before=last), lambda entry: entry.id
            ),
        }

    async def erase(self, work: UnitOfWork, user_id: UserId) -> None:
        """Delete what is stored about the user, and redact the audit trail."""
        await work.notifications.delete_for_user(user_id)
        await work.payment_methods.save(user_id, Cards())
        await work.sessions.delete_for_user(user_id)
        await work.mail_tokens.delete_for_user(user_id)
        await work.devices.delete_for_user(user_id)
        await work.idempotency.delete_for_user(user_id)
        await work.idempotency.delete_for_email((await work.users.get(user_id)).email)
        await work.audit.redact(user_id)

    async def disassociate(self, work: UnitOfWork, user_id: UserId) -> None:
        """Do nothing: no other user shares this data."""


class _Dated(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...


def _cursor(entry: _Dated) -> Cursor:
    return Cursor(entry.created_at, entry.id)


def _pages(read: Callable[[Reader, C | None], Awaitable[Sequence[E]]], position: Callable[[E], C]) -> Pages[E]:
    """Return the pages of a list that is read from a position on: that of the last entry so far."""
    return Pages(lambda reader, last: read(reader, None if last is None else position(last)))


def _invitations_to(email: EmailAddress) -> Pages[InvitationView]:
    return _pages(
        lambda reader, last: reader.teams.list_invitations_to(email, limit=PAGE, before=last),
        lambda view: _cursor(view.invitation),
    )
