"""Reads of teams. Every list is paginated, newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.team import (
    Interaction,
    InteractionView,
    Invitation,
    InvitationView,
    Member,
    Role,
    TeamView,
)
from accounts_core.model.user import UserStatus
from accounts_sql.connections.executors import RowFetcher
from accounts_sql.statements import team_rows as rows
from accounts_sql.statements.queries import Numbered, Paged, Query, asked, by_moment, by_name, by_number, first
from accounts_sql.tables import interactions, invitations, memberships, teams, users

_OWNER: Final = sa.literal_column(f"'{Role.OWNER}'", sa.Text)
_MEMBER: Final = sa.literal_column(f"'{Role.MEMBER}'", sa.Text)
_ROLE: Final = sa.case((teams.c.owner_id == by_number("viewer"), _OWNER), else_=_MEMBER)
# two index scans; an OR over the two tables would read every team
_SEEN: Final = (
    sa.select(teams.c.id)
    .where(teams.c.owner_id == by_number("viewer"))
    .union_all(sa.select(memberships.c.team_id).where(memberships.c.user_id == by_number("viewer")))
)
_VIEWER: Final = asked(by_number("viewer"))
_VIEW: Final = Query(
    sa.select(*rows.TEAM, _ROLE.label("role"), _VIEWER).where(
        teams.c.id == by_number("this"),
        sa.or_(
            teams.c.owner_id == by_number("viewer"),
            sa.exists().where(memberships.c.team_id == teams.c.id, memberships.c.user_id == by_number("viewer")),
        ),
    ),
    first(rows.team_view),
    {"this": teams.c.id, "viewer": _VIEWER},
)
_VIEWS_OF: Final = Numbered(
    sa.select(*rows.TEAM, _ROLE.label("role"), _VIEWER).where(teams.c.id.in_(_SEEN)),
    teams.c.id,
    rows.team_view,
    {"viewer": _VIEWER},
)

_people: Final = (
    sa.select(teams.c.owner_id.label("user_id"), _OWNER.label("role"))
    .where(teams.c.id == by_number("this"))
    .union_all(
        sa.select(memberships.c.user_id, _MEMBER.label("role")).where(memberships.c.team_id == by_number("this"))
    )
    .cte("people")
)
_TEAM: Final = asked(by_number("this"))
_MEMBERS: Final = Numbered(
    sa.select(users.c.id, users.c.name, _people.c.role, _TEAM).join_from(
        _people, users, users.c.id == _people.c.user_id
    ),
    users.c.id,
    rows.member,
    {"this": _TEAM},
)

_INTERACTIONS: Final = (
    sa.select(*rows.INTERACTION, users.c.name.label("author_name"))
    .join_from(interactions, users, users.c.id == interactions.c.author_id, isouter=True)
    .where(interactions.c.team_id == by_number("this"))
)
_INVITATIONS: Final = (
    sa.select(*rows.INVITATION, teams.c.name.label("team_name"), users.c.name.label("inviter_name"))
    .join_from(invitations, teams, teams.c.id == invitations.c.team_id)
    .outerjoin(users, users.c.id == invitations.c.invited_by)
)
_SENT_AT: Final = sa.func.coalesce(invitations.c.sent_at, invitations.c.created_at)
IS_OPEN: Final = sa.and_(
    invitations.c.invited_by == teams.c.owner_id,
    users.c.status == sa.literal_column(str(UserStatus.ACTIVE.value), sa.Integer),
    by_moment("open_since") < _SENT_AT,
)
_FIND_INVITATION: Final = Query(
    _INVITATIONS.where(invitations.c.id == by_name("this")), first(rows.invitation_view), {"this": invitations.c.id}
)
_FIND_OPEN_INVITATION: Final = Query(
    _INVITATIONS.where(invitations.c.id == by_name("this"), IS_OPEN),
    first(rows.invitation_view),
    {"this": invitations.c.id},
)
_FIND_INTERACTION: Final = Query(
    sa.select(*rows.INTERACTION).where(interactions.c.id == by_name("this")),
    first(rows.INTERACTION.read),
    {"this": interactions.c.id},
)
_WRITTEN: Final = Paged(
    _INTERACTIONS, interactions.c.created_at, interactions.c.id, rows.interaction_view, {"this": interactions.c.team_id}
)
_INVITED, _OPEN_INVITED = (
    Paged(
        _INVITATIONS.where(invitations.c.email_key == by_name("key"), *which),
        invitations.c.created_at,
        invitations.c.id,
        rows.invitation_view,
        {"key": invitations.c.email_key},
    )
    for which in ((), (IS_OPEN,))
)
_OPEN_INTO: Final = Paged(
    _INVITATIONS.where(invitations.c.team_id == by_number("this"), IS_OPEN),
    invitations.c.created_at,
    invitations.c.id,
    rows.invitation_view,
    {"this": invitations.c.team_id},
)
_WRITTEN_BY: Final = Paged(
    sa.select(*rows.INTERACTION).where(interactions.c.author_id == by_number("person")),
    interactions.c.created_at,
    interactions.c.id,
    rows.INTERACTION.read,
    {"person": interactions.c.author_id},
)
_INVITATIONS_BY: Final = Paged(
    sa.select(*rows.INVITATION).where(invitations.c.invited_by == by_number("person")),
    invitations.c.created_at,
    invitations.c.id,
    rows.invitation,
    {"person": invitations.c.invited_by},
)


@attrs.frozen
class TeamReader:
    """See `accounts_core.ports.teams.TeamReader`."""

    _db: RowFetcher

    async def find_view(self, id: TeamId, user_id: UserId) -> TeamView | None:
        return await self._db.fetch(_VIEW, this=id, viewer=user_id)

    async def list_for_user(self, user_id: UserId, *, limit: int, before: TeamId | None = None) -> Sequence[TeamView]:
        return await _VIEWS_OF.fetch(self._db, limit, before, viewer=user_id)

    async def list_members(self, id: TeamId, *, limit: int, before: UserId | None = None) -> Sequence[Member]:
        return await _MEMBERS.fetch(self._db, limit, before, this=id)

    async def list_interactions(
        self, id: TeamId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[InteractionView]:
        return await _WRITTEN.fetch(self._db, limit, before, this=id)

    async def find_interaction(self, id: str) -> Interaction | None:
        return await self._db.fetch(_FIND_INTERACTION, this=id)

    async def list_interactions_by(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[Interaction]:
        return await _WRITTEN_BY.fetch(self._db, limit, before, person=user_id)

    async def list_invitations_by(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[Invitation]:
        return await _INVITATIONS_BY.fetch(self._db, limit, before, person=user_id)

    async def list_invitations_to(
        self, email: EmailAddress, *, limit: int, before: Cursor | None = None, open_since: datetime | None = None
    ) -> Sequence[InvitationView]:
        if open_since is None:
            return await _INVITED.fetch(self._db, limit, before, key=email.key)
        return await _OPEN_INVITED.fetch(self._db, limit, before, key=email.key, open_since=open_since)

    async def list_invitations_into(
        self, id: TeamId, *, open_since: datetime, limit: int, before: Cursor | None = None
    ) -> Sequence[InvitationView]:
        return await _OPEN_INTO.fetch(self._db, limit, before, this=id, open_since=open_since)

    async def find_invitation(self, id: str, *, open_since: datetime | None = None) -> InvitationView | None:
        if open_since is None:
            return await self._db.fetch(_FIND_INVITATION, this=id)
        return await self._db.fetch(_FIND_OPEN_INVITATION, this=id, open_since=open_since)
