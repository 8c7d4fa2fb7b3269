"""Founding, reading, renaming, handing over and deleting teams."""

import attrs

from accounts_core.errors import Invalid, QuotaExceeded
from accounts_core.model.events import TeamCreated, TeamDeleted, TeamHandedOver, TeamRenamed
from accounts_core.model.ids import TeamId, UserId, number_of
from accounts_core.model.paging import DEFAULT_PAGE, Page
from accounts_core.model.policy import Policy
from accounts_core.model.team import Membership, Role, Team, TeamView
from accounts_core.model.text import display_name
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.paging import Listed
from accounts_core.use_cases.retrying import settle
from accounts_core.use_cases.teams.membership import owned_by, seen_by


async def may_own_another(work: UnitOfWork, user_id: UserId, policy: Policy) -> None:
    """Raises `QuotaExceeded` when the user owns as many teams as the policy allows."""
    if await work.teams.count_owned_by(user_id) >= policy.quotas.teams:
        raise QuotaExceeded("accounts per owner", policy.quotas.teams)


@attrs.frozen
class CreateTeam:
    """Found a team."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, *, name: str) -> TeamView:
        """Found a team that the user owns.

        Raises `Invalid` on `name`, `NotFound` without such a user, `LimitExceeded`, and `QuotaExceeded` when the user
        owns as many as the policy allows.
        """
        display_name("name", name)
        await self._attempts.write(user_id)

        async def attempt() -> TeamView:
            async with self._store.begin() as work:
                await work.users.get(user_id, lock=True)
                await may_own_another(work, user_id, self._policy)
                now = self._clock.now()
                team = Team.found(id=await work.teams.next_id(), name=name, owner_id=user_id, at=now)
                await work.teams.add(team)
                work.record(TeamCreated(user_id=user_id, at=now, team_id=team.id))
            return TeamView(team=team, role=Role.OWNER)

        return await settle(self._store, attempt)


@attrs.frozen
class ListTeams:
    """Read the teams that a user owns or is a member of."""

    _store: Store[UnitOfWork]

    async def __call__(
        self, user_id: UserId, *, limit: int = DEFAULT_PAGE, before: TeamId | str | None = None
    ) -> Page[TeamView]:
        """Return at most `limit`, newest first, from the position or the id `before` on. Raises `Invalid` on it."""
        async with self._store.read() as views:

            async def find(id: str) -> TeamId | None:
                number = number_of(id)
                view = None if number is None else await views.teams.view(TeamId(number), user_id)
                return None if view is None else view.team.id

            return await Listed(
                name=f"teams of {user_id}",
                kind=int,
                position=lambda view: view.team.id,
                read=lambda count, below: views.teams.views_of(
                    user_id, limit=count, before=None if below is None else TeamId(below)
                ),
                find=find,
            ).page(limit=limit, before=before)


@attrs.frozen
class GetTeam:
    """Read one team."""

    _store: Store[UnitOfWork]

    async def __call__(self, user_id: UserId, team_id: TeamId) -> TeamView:
        """Raises `NotFound` for strangers, too."""
        async with self._store.read() as views:
            return await seen_by(views, team_id, user_id)


@attrs.frozen
class RenameTeam:
    """Give a team another name."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock

    async def __call__(self, user_id: UserId, team_id: TeamId, *, name: str) -> TeamView:
        """Rename the team and return it; the name that it has changes nothing.

        Raises `Invalid` on `name`, `NotFound`, `NotAllowed` for a member, and `LimitExceeded`.
        """
        display_name("name", name)
        await self._attempts.write(user_id)

        async def attempt() -> TeamView:
            async with self._store.begin() as work:
                before = await owned_by(work, team_id, user_id)
                team = before.rename(name)
                if team.name != before.name:
                    team = await work.teams.save(team)
                    now = self._clock.now()
                    work.record(TeamRenamed(user_id=user_id, at=now, team_id=team_id, name=team.name))
            return TeamView(team=team, role=Role.OWNER)

        return await settle(self._store, attempt)


@attrs.frozen
class DeleteTeam:
    """Delete a team and all that is in it."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock

    async def __call__(self, user_id: UserId, team_id: TeamId) -> None:
        """Raises `NotFound`, `NotAllowed` for a member, and `LimitExceeded`."""
        await self._attempts.write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await owned_by(work, team_id, user_id)
                await work.teams.remove(team_id)
                work.record(TeamDeleted(user_id=user_id, at=self._clock.now(), team_id=team_id))

        await settle(self._store, attempt)


@attrs.frozen
class HandOverTeam:
    """Make a member the owner; the old owner stays as a member, and the invitations that they sent end."""

    _store: Store[UnitOfWork]
    _attempts: Attempts
    _clock: Clock
    _policy: Policy

    async def __call__(self, user_id: UserId, team_id: TeamId, *, to: UserId) -> None:
        """Raises `NotFound`, `NotAllowed` for a member, and `Invalid` on `user_id` when `to` is no member.

        Raises `LimitExceeded`, and `QuotaExceeded` when the new owner owns as many as the policy allows.
        """
        await self._attempts.write(user_id)

        async def attempt() -> None:
            async with self._store.begin() as work:
                team = await owned_by(work, team_id, user_id)
                if to == user_id:
                    return
                if not await work.teams.remove_member(team_id, to):
                    raise Invalid("user_id", "Only a member of the account can become its owner.")
                await may_own_another(work, to, self._policy)
                now = self._clock.now()
                await work.teams.add_member(Membership(team_id=team_id, user_id=user_id, created_at=now))
                await work.teams.remove_invitations_into(team_id)
                await work.teams.save(team.hand_over(to))
                work.record(TeamHandedOver(user_id=user_id, at=now, team_id=team_id, owner_id=to))

        await settle(self._store, attempt)
