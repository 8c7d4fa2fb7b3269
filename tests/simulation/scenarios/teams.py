"""Teams, notifications, and what operators do with the outbox."""

from typing import Final

from tests.simulation.world import JANE, JOHN, PASSWORD, Act, Core, World

from accounts_core import Policy
from accounts_core.errors import ProviderRefused

from .cards import VISA, having
from .scenario import Scenario, a_team, after, called, tolerant


async def invited(world: World, accounts: Core) -> None:
    """John's third team has invited Jane, who has heard of it."""
    team = (await accounts.create_team(world.notes["john"].id, name="Third")).team
    await accounts.invite_to_team(world.notes["john"].id, team.id, email=JANE)
    (waiting,) = await accounts.list_invitations(world.jane.id)
    (heard,) = await accounts.list_notifications(world.jane.id)
    world.notes |= {"invitation": waiting.invitation.id, "notification": heard.id}
    await accounts.run_due()


async def having_invited(world: World, accounts: Core) -> None:
    """Jane's team has invited a stranger."""
    await accounts.invite_to_team(world.jane.id, world.notes["team"].id, email="new@example.org")
    (sent,) = await accounts.list_team_invitations(world.jane.id, world.notes["team"].id)
    world.notes["sent"] = sent.invitation.id
    await accounts.run_due()


def on_sent(call: str) -> Act:
    """Call a use case on the invitation that Jane's team has sent."""

    async def act(world: World, accounts: Core) -> object:
        return await getattr(accounts, call)(world.jane.id, world.notes["team"].id, world.notes["sent"])

    return act


async def parked(world: World, accounts: Core) -> None:
    """Have a job that the provider refused for good, until somebody looks at it."""
    await having(VISA)(world, accounts)
    world.gateway.fail_next("detach", ProviderRefused("odd"))
    world.gateway.fail_next("detach", ProviderRefused("odd"))
    await accounts.remove_payment_method(world.jane.id, world.notes["first_card"])
    from datetime import timedelta

    world.clock.advance(timedelta(minutes=2))
    await accounts.run_due()
    (job,) = [job for job in await accounts.list_outbox() if job.dead_lettered_at is not None]
    world.notes["job"] = job.id


async def retry(world: World, accounts: Core) -> None:
    await accounts.list_outbox()
    await accounts.list_overdue_jobs()
    await accounts.retry_job(world.notes["job"])
    await accounts.run_due()


async def mails_wait(world: World, accounts: Core) -> None:
    """There are several mails to be sent."""
    await accounts.forgot_password(email=JANE)
    await accounts.register(email="new@example.org", password=PASSWORD, name="New")
    await accounts.request_account(email="newer@example.org", password=PASSWORD, name="Newer")
    await accounts.request_account(email=JOHN, password=PASSWORD, name="John")


def by(who: str, call: str, *, team: str = "team", **named: object) -> Act:
    """Call a use case of teams: by whom, in which team."""

    async def act(world: World, accounts: Core) -> object:
        return await getattr(accounts, call)(world.notes[who].id, world.notes[team].id, **named)

    return act


TEAMS: Final = (
    Scenario(
        name="founding a team",
        prepare=after(),
        act=called(lambda world, accounts: accounts.create_team(world.jane.id, name="Jane's")),
    ),
    Scenario(
        name="listing teams",
        prepare=after(a_team),
        act=called(lambda world, accounts: accounts.list_teams(world.jane.id)),
    ),
    Scenario(name="reading a team", prepare=after(a_team), act=by("john", "get_team")),
    Scenario(name="renaming a team", prepare=after(a_team), act=by("jane", "rename_team", name="Product team")),
    Scenario(name="deleting a team", prepare=after(a_team), act=by("jane", "delete_team")),
    Scenario(
        name="handing a team over",
        prepare=after(a_team),
        act=called(
            lambda world, accounts: accounts.hand_over_team(
                world.jane.id, world.notes["team"].id, to=world.notes["john"].id
            )
        ),
    ),
    Scenario(name="listing members", prepare=after(a_team), act=by("john", "list_team_members")),
    Scenario(
        name="leaving a team",
        prepare=after(a_team),
        act=called(
            lambda world, accounts: accounts.remove_team_member(
                world.notes["john"].id, world.notes["team"].id, member_id=world.notes["john"].id
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
                lambda world, accounts: accounts.remove_team_member(
                    world.jane.id, world.notes["team"].id, member_id=world.notes["john"].id
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
        act=called(lambda world, accounts: accounts.list_invitations(world.jane.id)),
    ),
    Scenario(
        name="accepting an invitation",
        prepare=after(invited),
        act=called(lambda world, accounts: accounts.accept_invitation(world.jane.id, world.notes["invitation"])),
    ),
    Scenario(
        name="declining an invitation",
        prepare=after(invited),
        act=called(lambda world, accounts: accounts.decline_invitation(world.jane.id, world.notes["invitation"])),
    ),
    Scenario(
        name="deleting a user who is invited",
        prepare=after(invited),
        act=called(lambda world, accounts: accounts.delete_user(world.jane.id, password=PASSWORD)),
    ),
    Scenario(name="reading what was written", prepare=after(a_team), act=by("john", "list_interactions")),
    Scenario(name="writing", prepare=after(a_team), act=by("john", "write_interaction", body="Again.")),
    Scenario(
        name="listing notifications",
        prepare=after(invited),
        act=called(lambda world, accounts: accounts.list_notifications(world.jane.id)),
    ),
    Scenario(
        name="reading one notification",
        prepare=after(invited),
        act=called(lambda world, accounts: accounts.mark_notification_read(world.jane.id, world.notes["notification"])),
    ),
    Scenario(
        name="deleting a notification",
        prepare=after(invited),
        act=called(lambda world, accounts: accounts.delete_notification(world.jane.id, world.notes["notification"])),
    ),
    Scenario(
        name="reading all notifications",
        prepare=after(invited),
        act=called(lambda world, accounts: accounts.mark_all_notifications_read(world.jane.id)),
    ),
    Scenario(
        name="sending mails",
        prepare=after(mails_wait),
        act=called(lambda world, accounts: accounts.run_due()),
    ),
    Scenario(
        name="trying a parked job again", prepare=parked, act=retry, comes_anyway=tolerant(retry), in_one_step=False
    ),
)
