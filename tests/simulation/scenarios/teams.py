"""Teams, notifications, and what operators do with the outbox."""

from typing import Final

from tests.simulation.environment import JANE, JOHN, PASSWORD, Act, Core, Environment

from accounts_core import Policy
from accounts_core.errors import ProviderRefused

from .cards import VISA, having
from .scenario import Scenario, a_team, after, called, tolerant


async def invited(env: Environment, accounts: Core) -> None:
    """John's third team has invited Jane, who has heard of it."""
    team = (await accounts.create_team(env.notes["john"].id, name="Third")).team
    await accounts.invite_to_team(env.notes["john"].id, team.id, email=JANE)
    (waiting,) = await accounts.list_invitations(env.jane.id)
    (heard,) = await accounts.list_notifications(env.jane.id)
    env.notes |= {"invitation": waiting.invitation.id, "notification": heard.id}
    await accounts.run_due()


async def having_invited(env: Environment, accounts: Core) -> None:
    """Jane's team has invited a stranger."""
    await accounts.invite_to_team(env.jane.id, env.notes["team"].id, email="new@example.org")
    (sent,) = await accounts.list_team_invitations(env.jane.id, env.notes["team"].id)
    env.notes["sent"] = sent.invitation.id
    await accounts.run_due()


def on_sent(call: str) -> Act:
    """Call a use case on the invitation that Jane's team has sent."""

    async def act(env: Environment, accounts: Core) -> object:
        return await getattr(accounts, call)(env.jane.id, env.notes["team"].id, env.notes["sent"])

    return act


async def parked(env: Environment, accounts: Core) -> None:
    """Have a job that the provider refused for good, until somebody looks at it."""
    await having(VISA)(env, accounts)
    env.gateway.fail_next("detach", ProviderRefused("odd"))
    env.gateway.fail_next("detach", ProviderRefused("odd"))
    await accounts.remove_payment_method(env.jane.id, env.notes["first_card"])
    from datetime import timedelta

    env.clock.advance(timedelta(minutes=2))
    await accounts.run_due()
    (job,) = [job for job in await accounts.list_outbox() if job.dead_lettered_at is not None]
    env.notes["job"] = job.id


async def retry(env: Environment, accounts: Core) -> None:
    await accounts.list_outbox()
    await accounts.list_overdue_jobs()
    await accounts.retry_job(env.notes["job"])
    await accounts.run_due()


async def mails_wait(env: Environment, accounts: Core) -> None:
    """There are several mails to be sent."""
    await accounts.forgot_password(email=JANE)
    await accounts.register(email="new@example.org", password=PASSWORD, name="New")
    await accounts.request_account(email="newer@example.org", password=PASSWORD, name="Newer")
    await accounts.request_account(email=JOHN, password=PASSWORD, name="John")


def by(who: str, call: str, *, team: str = "team", **named: object) -> Act:
    """Call a use case of teams: by whom, in which team."""

    async def act(env: Environment, accounts: Core) -> object:
        return await getattr(accounts, call)(env.notes[who].id, env.notes[team].id, **named)

    return act


TEAMS: Final = (
    Scenario(
        name="founding a team",
        prepare=after(),
        act=called(lambda env, accounts: accounts.create_team(env.jane.id, name="Jane's")),
    ),
    Scenario(
        name="listing teams",
        prepare=after(a_team),
        act=called(lambda env, accounts: accounts.list_teams(env.jane.id)),
    ),
    Scenario(name="reading a team", prepare=after(a_team), act=by("john", "get_team")),
    Scenario(name="renaming a team", prepare=after(a_team), act=by("jane", "rename_team", name="Product team")),
    Scenario(name="deleting a team", prepare=after(a_team), act=by("jane", "delete_team")),
    Scenario(
        name="handing a team over",
        prepare=after(a_team),
        act=called(
            lambda env, accounts: accounts.hand_over_team(env.jane.id, env.notes["team"].id, to=env.notes["john"].id)
        ),
    ),
    Scenario(name="listing members", prepare=after(a_team), act=by("john", "list_team_members")),
    Scenario(
        name="leaving a team",
        prepare=after(a_team),
        act=called(
            lambda env, accounts: accounts.remove_team_member(
                env.notes["john"].id, env.notes["team"].id, member_id=env.notes["john"].id
            )
        ),
    ),
    Scenario(
        name="inviting a stranger", prepare=after(a_team), act=by("jane", "invite_to_team", email="new@example.org")
    ),
    Scenario(
        name="inviting a user",
        prepare=after(
            a_team,
            called(
                lambda env, accounts: accounts.remove_team_member(
                    env.jane.id, env.notes["team"].id, member_id=env.notes["john"].id
                )
            ),
        ),
        act=by("jane", "invite_to_team", email=JOHN),
    ),
    Scenario(
        name="inviting where registration is private",
        prepare=after(a_team),
        act=by("jane", "invite_to_team", email="new@example.org"),
        policy=Policy(private_registration=True),
    ),
    Scenario(
        name="inviting a stranger again",
        prepare=after(a_team, having_invited),
        act=by("jane", "invite_to_team", email="new@example.org"),
    ),
    Scenario(
        name="listing a team's invitations",
        prepare=after(a_team, having_invited),
        act=by("jane", "list_team_invitations"),
    ),
    Scenario(
        name="resending an invitation",
        prepare=after(a_team, having_invited),
        act=on_sent("resend_invitation"),
    ),
    Scenario(
        name="revoking an invitation",
        prepare=after(a_team, having_invited),
        act=on_sent("revoke_invitation"),
    ),
    Scenario(
        name="listing invitations",
        prepare=after(invited),
        act=called(lambda env, accounts: accounts.list_invitations(env.jane.id)),
    ),
    Scenario(
        name="accepting an invitation",
        prepare=after(invited),
        act=called(lambda env, accounts: accounts.accept_invitation(env.jane.id, env.notes["invitation"])),
    ),
    Scenario(
        name="declining an invitation",
        prepare=after(invited),
        act=called(lambda env, accounts: accounts.decline_invitation(env.jane.id, env.notes["invitation"])),
    ),
    Scenario(
        name="deleting a user who is invited",
        prepare=after(invited),
        act=called(lambda env, accounts: accounts.delete_user(env.jane.id, password=PASSWORD)),
    ),
    Scenario(name="reading what was written", prepare=after(a_team), act=by("john", "list_interactions")),
    Scenario(name="writing", prepare=after(a_team), act=by("john", "write_interaction", body="Again.")),
    Scenario(
        name="listing notifications",
        prepare=after(invited),
        act=called(lambda env, accounts: accounts.list_notifications(env.jane.id)),
    ),
    Scenario(
        name="reading one notification",
        prepare=after(invited),
        act=called(lambda env, accounts: accounts.mark_notification_read(env.jane.id, env.notes["notification"])),
    ),
    Scenario(
        name="deleting a notification",
        prepare=after(invited),
        act=called(lambda env, accounts: accounts.delete_notification(env.jane.id, env.notes["notification"])),
    ),
    Scenario(
        name="reading all notifications",
        prepare=after(invited),
        act=called(lambda env, accounts: accounts.mark_all_notifications_read(env.jane.id)),
    ),
    Scenario(
        name="sending mails",
        prepare=after(mails_wait),
        act=called(lambda env, accounts: accounts.run_due()),
    ),
    Scenario(
        name="trying a parked job again", prepare=parked, act=retry, comes_anyway=tolerant(retry), in_one_step=False
    ),
)
