from collections.abc import Sequence
from datetime import datetime
from typing import Final

import attrs
import sqlalchemy as sa

from accounts_core.errors import Conflict, NotFound
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import Interaction, Invitation, Membership, Role, Team
from accounts_core.ports.teams import Footprint
from accounts_sql.connections.executors import Executor
from accounts_sql.repositories.adding import insert_or_ignore
from accounts_sql.repositories.numbering import numbering
from accounts_sql.repositories.team_reader import IS_OPEN, TeamReader
from accounts_sql.statements import team_rows as rows
from accounts_sql.statements.queries import (
    Query,
    Row,
    a_limit,
    asked,
    by_name,
    by_number,
    every,
    first,
    first_scalar,
    scalar,
)
from accounts_sql.tables import interactions, invitations, memberships, team_ids, teams, users

_NEXT_ID: Final = numbering("teams", team_ids)
_ADD: Final = teams.insert()
_IT: Final = {"this": teams.c.id}
_GET: Final = Query(sa.select(*rows.TEAM).where(teams.c.id == by_number("this")), first(rows.TEAM.read), _IT)
_LOCK: Final = Query(_GET.statement.with_for_update(key_share=True), first(rows.TEAM.read), _IT)
_SAVE: Final = teams.update().where(teams.c.id == by_number("this"), teams.c.version == by_number("seen"))
_REMOVE: Final = teams.delete().where(teams.c.id == by_number("this"))

_MEMBERSHIP: Final = sa.and_(memberships.c.team_id == by_number("this"), memberships.c.user_id == by_number("person"))
_ROLES: Final = (
    sa.select(sa.literal_column(f"'{Role.OWNER}'", sa.Text), teams.c.id, teams.c.owner_id)
    .where(teams.c.id == by_number("this"), teams.c.owner_id == by_number("person"))
    .union_all(
        sa.select(sa.literal_column(f"'{Role.MEMBER}'", sa.Text), memberships.c.team_id, memberships.c.user_id).where(
            _MEMBERSHIP
        )
    )
)
_ROLE: Final = Query(_ROLES, first_scalar, {"this": teams.c.id, "person": teams.c.owner_id})
_COUNT_OWNED: Final = Query(
    sa.select(sa.func.count()).select_from(teams).where(teams.c.owner_id == by_number("person")), scalar
)
_COUNT_MEMBERS: Final = Query(
    sa.select(sa.func.count()).select_from(memberships).where(memberships.c.team_id == by_number("this")), scalar
)
_COUNT_INVITATIONS: Final = Query(
    sa.select(sa.func.count())
    .select_from(invitations.join(teams).join(users, users.c.id == invitations.c.invited_by))
    .where(invitations.c.team_id == by_number("this"), IS_OPEN),
    scalar,
)
_FIND_INVITATION_OF: Final = Query(
    sa.select(*rows.INVITATION).where(
        invitations.c.team_id == by_number("this"), invitations.c.email_key == by_name("key")
    ),
    first(rows.invitation),
    {"this": invitations.c.team_id, "key": invitations.c.email_key},
)
_ADD_MEMBER: Final = insert_or_ignore(memberships, "team_id", "user_id")
_REMOVE_MEMBER: Final = memberships.delete().where(_MEMBERSHIP)

_ADD_INVITATION: Final = insert_or_ignore(invitations, "team_id", "email_key")
_REMOVE_INVITATION: Final = invitations.delete().where(invitations.c.id == by_name("this"))
_REMOVE_INVITATIONS_TO: Final = invitations.delete().where(invitations.c.email_key == by_name("key"))
_REMOVE_INVITATIONS_INTO: Final = invitations.delete().where(invitations.c.team_id == by_number("this"))
_RENEW_INVITATION: Final = invitations.update().where(invitations.c.id == by_name("this"))
_ADD_INTERACTION: Final = interactions.insert()

_UNMAILED_BY: Final = Query(
    sa.select(*rows.INVITATION)
    .where(invitations.c.invited_by == by_number("person"), invitations.c.is_mail_pending)
    .order_by(invitations.c.created_at, invitations.c.id)
    .limit(a_limit()),
    every(rows.invitation),
    {"person": invitations.c.invited_by},
)
_MARK_MAILED: Final = (
    invitations.update()
    .where(invitations.c.id == by_name("this"), invitations.c.is_mail_pending)
    .values(is_mail_pending=False)
)
_OWNED: Final = sa.select(teams.c.id).where(teams.c.owner_id == by_number("person"))


def _counted(table: sa.Table, *which: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(table).where(*which).scalar_subquery()


def _footprint(row: Row) -> Footprint:
    return Footprint(
        owned_teams=row[0], interactions_in_owned=row[1], memberships=row[2], interactions_elsewhere=row[3]
    )


_PERSON: Final = asked(by_number("person"))
_FOOTPRINT: Final = Query(
    sa.select(
        _counted(teams, teams.c.owner_id == by_number("person")),
        _counted(interactions, interactions.c.team_id.in_(_OWNED)),
        _counted(memberships, sa.or_(memberships.c.team_id.in_(_OWNED), memberships.c.user_id == by_number("person"))),
        _counted(interactions, interactions.c.author_id == by_number("person"), interactions.c.team_id.not_in(_OWNED)),
        _PERSON,
    ),
    lambda found: _footprint(found[0]),
    {"person": _PERSON},
)
_ERASE: Final = (
    teams.delete().where(teams.c.owner_id == by_number("person")),
    memberships.delete().where(memberships.c.user_id == by_number("person")),
    invitations.delete().where(invitations.c.invited_by == by_number("person")),
)
_DISASSOCIATE: Final = (
    interactions.update().where(interactions.c.author_id == by_number("person")).values(author_id=None)
)


@attrs.frozen
class Teams(TeamReader):
    """See `accounts_core.ports.teams.Teams`."""

    _db: Executor

    async def next_id(self) -> TeamId:
        return TeamId(await self._db.fetch(_NEXT_ID[self._db.dialect]))

    async def add(self, team: Team) -> None:
        await self._db.run(_ADD, **rows.TEAM.values(team))

    async def get(self, id: TeamId, *, lock: bool = False) -> Team:
        team = await self._db.fetch(_LOCK if lock else _GET, this=id)
        if team is None:
            raise NotFound("account", id)
        return team

    async def save(self, team: Team) -> Team:
        saved = attrs.evolve(team, version=team.version + 1)
        if not await self._db.run(_SAVE, this=team.id, seen=team.version, **rows.TEAM.values(saved)):
            raise Conflict("The team was changed or deleted concurrently.")
        return saved

    async def delete(self, id: TeamId) -> None:
        try:
            await self._db.run(_REMOVE, this=id)
        except Conflict as error:
            raise await self._db.explained(error, teams.name, id) from error.__cause__

    async def find_role(self, id: TeamId, user_id: UserId) -> Role | None:
        role = await self._db.fetch(_ROLE, this=id, person=user_id)
        return None if role is None else Role(role)

    async def count_owned_by(self, user_id: UserId) -> int:
        return await self._db.fetch(_COUNT_OWNED, person=user_id)

    async def count_members(self, id: TeamId) -> int:
        return await self._db.fetch(_COUNT_MEMBERS, this=id)

    async def count_invitations(self, id: TeamId, *, open_since: datetime) -> int:
        return await self._db.fetch(_COUNT_INVITATIONS, this=id, open_since=open_since)

    async def find_invitation_for_email(self, id: TeamId, email: EmailAddress) -> Invitation | None:
        return await self._db.fetch(_FIND_INVITATION_OF, this=id, key=email.key)

    async def add_member(self, membership: Membership) -> None:
        await self._db.run(_ADD_MEMBER[self._db.dialect], **rows.MEMBERSHIP.values(membership))

    async def delete_member(self, id: TeamId, user_id: UserId) -> bool:
        return await self._db.run(_REMOVE_MEMBER, this=id, person=user_id) > 0

    async def add_invitation(self, invitation: Invitation) -> bool:
        return await self._db.run(_ADD_INVITATION[self._db.dialect], **rows.INVITATION.values(invitation)) > 0

    async def delete_invitation(self, id: str) -> bool:
        return await self._db.run(_REMOVE_INVITATION, this=id) > 0

    async def renew_invitation(self, id: str, *, sent_at: datetime, is_mail_pending: bool) -> bool:
        values = {"sent_at": sent_at, "is_mail_pending": is_mail_pending}
        return await self._db.run(_RENEW_INVITATION, this=id, **values) > 0

    async def delete_invitations_into(self, id: TeamId) -> None:
        await self._db.run(_REMOVE_INVITATIONS_INTO, this=id)

    async def list_unmailed_invitations_by(self, user_id: UserId, *, limit: int) -> Sequence[Invitation]:
        return await self._db.fetch(_UNMAILED_BY, person=user_id, at_most=limit)

    async def mark_invitation_mailed(self, id: str) -> bool:
        return await self._db.run(_MARK_MAILED, this=id) > 0

    async def add_interaction(self, interaction: Interaction) -> None:
        await self._db.run(_ADD_INTERACTION, **rows.INTERACTION.values(interaction))

    async def count_footprint(self, user_id: UserId) -> Footprint:
        return await self._db.fetch(_FOOTPRINT, person=user_id)

    async def delete_for_user(self, user_id: UserId) -> None:
        for statement in _ERASE:
            await self._db.run(statement, person=user_id)

    async def disassociate(self, user_id: UserId) -> None:
        await self._db.run(_DISASSOCIATE, person=user_id)

    async def delete_invitations_to(self, email: EmailAddress) -> None:
        await self._db.run(_REMOVE_INVITATIONS_TO, key=email.key)
