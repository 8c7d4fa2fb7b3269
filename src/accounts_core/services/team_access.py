"""Access to teams. Users who are not in a team get `NotFound`, so that ids tell nothing about other teams."""

from accounts_core.errors import NotFound
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import Role, Team, TeamView
from accounts_core.ports.store import Reader, UnitOfWork


async def seen_by(reader: Reader, team_id: TeamId, user_id: UserId) -> TeamView:
    """Return the team as its owner or member sees it.

    Raises:
        NotFound: No such team, or the user is not in it.

    """
    view = await reader.teams.find_view(team_id, user_id)
    if view is None:
        raise NotFound("account", team_id)
    return view


async def locked_for(work: UnitOfWork, team_id: TeamId, user_id: UserId) -> tuple[Team, Role]:
    """Lock the team, and return it with the user's role.

    Raises:
        NotFound: No such team, or the user is not in it.

    """
    role = await work.teams.find_role(team_id, user_id)
    if role is None:
        raise NotFound("account", team_id)
    try:
        team = await work.teams.get(team_id, lock=True)
    except NotFound:
        raise NotFound("account", team_id) from None
    role = await work.teams.find_role(team_id, user_id)  # read again under the lock
    if role is None:
        raise NotFound("account", team_id)
    return team, role


async def owned_by(work: UnitOfWork, team_id: TeamId, user_id: UserId) -> Team:
    """Lock the team and return it for its owner.

    Raises:
        NotFound: No such team, or the user is not in it.
        NotAllowed: The user is a member, not the owner.

    """
    team, _ = await locked_for(work, team_id, user_id)
    team.check_owner(user_id)
    return team
