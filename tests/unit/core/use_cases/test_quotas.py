"""A4: what accumulates has an end, which honest people do not meet."""

from collections.abc import Iterator

import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment, signed_up

from accounts_core import Policy
from accounts_core.errors import QuotaExceeded
from accounts_core.model import TeamId, User
from accounts_core.model.policy import QuotaPolicy

FEW = QuotaPolicy(teams=2, members=2, invitations=3, notifications=4)


@pytest.fixture(params=[False, True], ids=["open", "private"])
def few(request: pytest.FixtureRequest, env: Environment) -> Core:
    return env.accounts(Policy(quotas=FEW, private_registration=request.param))


@pytest.fixture
def owner(few: Core, env: Environment, jane: User) -> User:
    return few.mark_email_verified(jane.id)


def a_team(accounts: Core, owner: User, name: str = "Dev team") -> TeamId:
    return accounts.create_team(owner.id, name=name).team.id


def invited(accounts: Core, owner: User, team: TeamId, email: str) -> None:
    accounts.invite_to_team(owner.id, team, email=email)
    accounts.run_due()


def people(accounts: Core, env: Environment, count: int) -> Iterator[User]:
    for number in range(count):
        user = signed_up(env.accounts(), env, f"user{number}@example.org", "User")
        yield accounts.mark_email_verified(user.id)


def test_one_user_owns_so_many_teams(few: Core, owner: User) -> None:
    first, _ = a_team(few, owner), a_team(few, owner)

    with pytest.raises(QuotaExceeded) as refusal:
        a_team(few, owner)

    assert (refusal.value.name, refusal.value.most) == ("accounts per owner", 2)
    few.delete_team(owner.id, first)
    a_team(few, owner)


def test_a_team_is_not_handed_over_to_somebody_who_owns_as_many_as_they_may(few: Core, owner: User, john: User) -> None:
    few.mark_email_verified(john.id)
    johns = [a_team(few, john) for _ in range(2)]
    team = a_team(few, owner)
    invited(few, owner, team, "john@example.org")
    few.accept_invitation(john.id, few.list_invitations(john.id)[0].invitation.id)

    with pytest.raises(QuotaExceeded):
        few.hand_over_team(owner.id, team, to=john.id)

    assert few.get_team(owner.id, team).team.owner_id == owner.id
    few.delete_team(john.id, johns[0])
    few.hand_over_team(owner.id, team, to=john.id)


def test_so_many_invitations_into_a_team_are_open(few: Core, owner: User) -> None:
    team = a_team(few, owner)
    for number in range(3):
        invited(few, owner, team, f"guest{number}@example.org")

    with pytest.raises(QuotaExceeded):
        few.invite_to_team(owner.id, team, email="one-more@example.org")

    invited(few, owner, a_team(few, owner, "Another"), "one-more@example.org")


def test_invitations_that_a_worker_finds_too_many_are_not_made(env: Environment, owner: User) -> None:
    """Asked for at once, while none of them is open yet."""
    private = env.accounts(Policy(quotas=FEW, private_registration=True))
    team = a_team(private, owner)
    for number in range(5):
        private.invite_to_team(owner.id, team, email=f"guest{number}@example.org")

    assert private.run_due().rescheduled == 0

    assert len(private.export_personal_data(owner.id)["invitations"]["sent"]) == 3


def test_so_many_are_members_of_a_team_and_the_invitation_of_one_more_stays(
    few: Core, env: Environment, owner: User
) -> None:
    team = a_team(few, owner)
    *members, one_more = people(few, env, 3)
    for member in (*members, one_more):
        invited(few, owner, team, member.email.address)
    for member in members:
        few.accept_invitation(member.id, few.list_invitations(member.id)[0].invitation.id)
    (waiting,) = few.list_invitations(one_more.id)

    with pytest.raises(QuotaExceeded):
        few.accept_invitation(one_more.id, waiting.invitation.id)

    assert few.list_invitations(one_more.id) == [waiting]
    few.remove_team_member(owner.id, team, member_id=members[0].id)
    few.accept_invitation(one_more.id, waiting.invitation.id)


def test_of_many_notifications_the_newest_stay(few: Core, env: Environment, owner: User, john: User) -> None:
    few.mark_email_verified(john.id)
    team = a_team(few, owner)
    for _ in range(6):
        invited(few, owner, team, "john@example.org")
        env.wait(minutes=1)
        few.decline_invitation(john.id, few.list_invitations(john.id)[0].invitation.id)
    newest = env.clock.now()

    found = few.list_notifications(john.id)

    assert len(found) == 4
    assert (newest - found[0].created_at).total_seconds() == 60
    assert (newest - found[-1].created_at).total_seconds() == 240


def test_invitations_that_waited_for_an_address_make_no_more_notifications_than_there_may_be(
    few: Core, env: Environment, owner: User, john: User
) -> None:
    generous = env.accounts(Policy(quotas=QuotaPolicy(teams=9)))
    for number in range(6):
        invited(generous, owner, a_team(generous, owner, f"Team {number}"), "john@example.org")

    few.mark_email_verified(john.id)

    assert len(few.list_notifications(john.id)) == 4


@pytest.mark.parametrize("name", ["teams", "members", "invitations", "notifications"])
def test_a_quota_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must be >= 1"):
        QuotaPolicy(**{name: 0})


def test_an_account_without_anything_meets_no_quota(env: Environment) -> None:
    accounts = env.accounts(Policy(quotas=QuotaPolicy(teams=1, members=1, invitations=1, notifications=1)))
    jane = accounts.register(email="jane@example.org", password=PASSWORD, name="Jane")

    team = accounts.create_team(jane.id, name="Dev team").team.id
    accounts.invite_to_team(jane.id, team, email="john@example.org")
