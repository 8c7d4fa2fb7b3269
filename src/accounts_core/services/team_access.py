"""Who may do what in a team. Strangers are told that there is no such team."""

from accounts_core.errors import NotFound
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import Role, Team, TeamView
from accounts_core.ports.store import UnitOfWork, Views


async def seen_by(views: Views, team_id: TeamId, user_id: UserId) -> TeamView:
    """Return the team as its owner or member sees it. Raises `NotFound` for everybody else."""
    view = await views.teams.view(team_id, user_id)
    if view is None:
        raise NotFound("account", team_id)
    return view


async def locked_for(work: UnitOfWork, team_id: TeamId, user_id: UserId) -> tuple[Team, Role]:
    """Lock the team and return it with what the user is in it. Raises `NotFound` for strangers."""
    role = await work.teams.role(team_id, user_id)
    if role is None:
        raise NotFound("account", team_id)
    try:
        team = await work.teams.get(team_id, lock=True)
    except NotFound:
        raise NotFound("account", team_id) from None
    role = await work.teams.role(team_id, user_id)  # as it is under the lock
    if role is None:
        raise NotFound("account", team_id)
    return team, role


async def owned_by(work: UnitOfWork, team_id: TeamId, user_id: UserId) -> Team:
    """Lock the team and return it. Raises `NotFound` for strangers, and `NotAllowed` for members."""
    team, _ = await locked_for(work, team_id, user_id)
    team.check_owner(user_id)
    return team
