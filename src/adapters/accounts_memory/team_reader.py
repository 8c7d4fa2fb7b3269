from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.team import (
    Interaction,
    InteractionView,
    Invitation,
    InvitationView,
    Member,
    Person,
    Role,
    TeamView,
)
from accounts_core.ports.teams import TeamReader

from .pages import page_below, page_below_number
from .schema import Tables


class MemoryTeamReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def find_view(self, id: TeamId, user_id: UserId) -> TeamView | None:
        return next((view for view in _views_of(self._tables(), user_id) if view.team.id == id), None)

    async def list_for_user(self, user_id: UserId, *, limit: int, before: TeamId | None = None) -> Sequence[TeamView]:
        reader = _views_of(self._tables(), user_id)
        return page_below_number(reader, number=lambda view: view.team.id, limit=limit, before=before)

    async def list_members(self, id: TeamId, *, limit: int, before: UserId | None = None) -> Sequence[Member]:
        members = _members(self._tables(), id)
        return page_below_number(members, number=lambda member: member.person.id, limit=limit, before=before)

    async def list_interactions(
        self, id: TeamId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[InteractionView]:
        tables = self._tables()
        written = tables.interactions.find("team_id", id)
        found = page_below(written, order=_time_and_id, limit=limit, before=before)
        return [InteractionView(interaction=each, author=_person(tables, each.author_id)) for each in found]

    async def find_interaction(self, id: str) -> Interaction | None:
        return self._tables().interactions.get(id)

    async def list_interactions_by(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[Interaction]:
        written = self._tables().interactions.find("author_id", user_id)
        return page_below(written, order=_time_and_id, limit=limit, before=before)

    async def list_invitations_by(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[Invitation]:
        sent = self._tables().invitations.find("invited_by", user_id)
        return page_below(sent, order=_time_and_id, limit=limit, before=before)

    async def list_invitations_to(
        self, email: EmailAddress, *, limit: int, before: Cursor | None = None, open_since: datetime | None = None
    ) -> Sequence[InvitationView]:
        tables = self._tables()
        received = [
            each for each in tables.invitations.find("email", email.key) if _is_listed(tables, each, open_since)
        ]
        found = page_below(received, order=_time_and_id, limit=limit, before=before)
        return [view for each in found if (view := _invitation(tables, each)) is not None]

    async def list_invitations_into(
        self, id: TeamId, *, open_since: datetime, limit: int, before: Cursor | None = None
    ) -> Sequence[InvitationView]:
        tables = self._tables()
        sent = [each for each in tables.invitations.find("team_id", id) if _is_listed(tables, each, open_since)]
        found = page_below(sent, order=_time_and_id, limit=limit, before=before)
        return [view for each in found if (view := _invitation(tables, each)) is not None]

    async def find_invitation(self, id: str, *, open_since: datetime | None = None) -> InvitationView | None:
        tables = self._tables()
        invitation = tables.invitations.get(id)
        if invitation is None or not _is_listed(tables, invitation, open_since):
            return None
        return _invitation(tables, invitation)


def _time_and_id(row: Interaction | Invitation) -> tuple[datetime, str]:
    return row.created_at, row.id


def _person(tables: Tables, id: UserId | None) -> Person | None:
    user = None if id is None else tables.users.get(id)
    return None if user is None else Person(id=user.id, name=user.name)


def _invitation(tables: Tables, invitation: Invitation) -> InvitationView | None:
    team = tables.teams.get(invitation.team_id)
    if team is None:
        return None
    sender = _person(tables, invitation.invited_by)
    return InvitationView(invitation=invitation, team_name=team.name, invited_by=sender)


def _is_listed(tables: Tables, invitation: Invitation, open_since: datetime | None) -> bool:
    """Return whether an invitation is open; always True if `open_since` is None."""
    if open_since is None:
        return True
    team = tables.teams.get(invitation.team_id)
    sender = None if invitation.invited_by is None else tables.users.get(invitation.invited_by)
    if team is None or sender is None or not sender.is_active:
        return False
    return team.owner_id == sender.id and invitation.sent_at > open_since


def _views_of(tables: Tables, user_id: UserId) -> Iterator[TeamView]:
    owned = set()
    for team in tables.teams.find("owner_id", user_id):
        owned.add(team.id)
        yield TeamView(team=team, role=Role.OWNER)
    for membership in tables.memberships.find("user_id", user_id):
        joined = tables.teams.get(membership.team_id)
        if joined is not None and joined.id not in owned:
            yield TeamView(team=joined, role=Role.MEMBER)


def _members(tables: Tables, id: TeamId) -> Iterator[Member]:
    team = tables.teams.get(id)
    if team is None:
        return
    roles = {membership.user_id: Role.MEMBER for membership in tables.memberships.find("team_id", id)}
    roles[team.owner_id] = Role.OWNER
    for user_id, role in roles.items():
        person = _person(tables, user_id)
        if person is not None:
            yield Member(person=person, role=role)


_reads: type[TeamReader] = MemoryTeamReader
