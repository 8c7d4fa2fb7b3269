from collections.abc import Callable

import pytest
from tests.unit.core.conftest import NOBODY, PASSWORD, Core, Environment

from accounts_core.errors import Invalid, NotAllowed, NotFound
from accounts_core.model import Role, TeamId, User, UserId
from accounts_core.model.events import InvitationAccepted, Invited, MemberRemoved


@pytest.fixture
def team(accounts: Core, jane: User) -> TeamId:
    accounts.mark_email_verified(jane.id)  # an unverified sender's mails wait
    return accounts.create_team(jane.id, name="Dev team").team.id


@pytest.fixture
def guest(accounts: Core, john: User) -> User:
    return accounts.mark_email_verified(john.id)


def join(accounts: Core, owner: User, team: TeamId, guest: User) -> None:
    accounts.invite_to_team(owner.id, team, email=guest.email)
    accounts.accept_invitation(guest.id, accounts.list_invitations(guest.id)[0].invitation.id)


def roles(accounts: Core, user: User, team: TeamId) -> dict[UserId, Role]:
    return {member.person.id: member.role for member in accounts.list_team_members(user.id, team)}


def test_whoever_founds_a_team_owns_it(accounts: Core, jane: User, team: TeamId) -> None:
    view = accounts.get_team(jane.id, team)

    assert (view.team.name, view.role) == ("Dev team", Role.OWNER)
    assert roles(accounts, jane, team) == {jane.id: Role.OWNER}
    assert [view.team.id for view in accounts.list_teams(jane.id)] == [team]


def test_strangers_are_told_that_there_is_no_such_team(accounts: Core, john: User, team: TeamId) -> None:
    for act in (
        lambda: accounts.get_team(john.id, team),
        lambda: accounts.list_team_members(john.id, team),
        lambda: accounts.list_interactions(john.id, team),
        lambda: accounts.write_interaction(john.id, team, body="hello"),
        lambda: accounts.delete_team(john.id, team),
        lambda: accounts.hand_over_team(john.id, team, to=john.id),
        lambda: accounts.remove_team_member(john.id, team, member_id=john.id),
        lambda: accounts.invite_to_team(john.id, team, email="x@example.org"),
    ):
        with pytest.raises(NotFound):
            act()


def test_an_invitation_notifies_a_user_with_that_verified_address(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    accounts.invite_to_team(jane.id, team, email="JOHN@example.org")

    (notification,) = accounts.list_notifications(guest.id)
    assert (notification.type, notification.message) == ("invite", "You invited to join Dev team.")
    (view,) = accounts.list_invitations(guest.id)
    assert (view.team_name, view.invited_by and view.invited_by.name) == ("Dev team", "Jane Doe")
    accounts.run_due()
    assert [notice.to.address for notice in env.mailer.delivered] == ["JOHN@example.org"]
    assert len(env.events.of(Invited)) == 1


def test_whoever_merely_registered_an_address_sees_none_of_its_invitations(
    accounts: Core, jane: User, team: TeamId, john: User
) -> None:
    accounts.invite_to_team(jane.id, team, email=john.email)

    assert accounts.list_notifications(john.id) == []
    assert list(accounts.list_invitations(john.id)) == []

    accounts.mark_email_verified(john.id)

    assert [notification.type for notification in accounts.list_notifications(john.id)] == ["invite"]
    assert len(accounts.list_invitations(john.id)) == 1


def test_whoever_merely_registered_an_address_cannot_answer_its_invitations(
    accounts: Core, jane: User, team: TeamId, john: User, env: Environment
) -> None:
    """Not even with an id that they were never shown."""
    accounts.invite_to_team(jane.id, team, email=john.email)
    (invitation,) = env.store._state.invitations.rows

    for answer in (accounts.accept_invitation, accounts.decline_invitation):
        with pytest.raises(NotFound):
            answer(john.id, invitation)


def test_an_address_without_an_account_is_invited_all_the_same(
    accounts: Core, jane: User, team: TeamId, env: Environment
) -> None:
    accounts.invite_to_team(jane.id, team, email="new@example.org")
    accounts.run_due()

    accounts.run_due()
    assert [notice.to.address for notice in env.mailer.delivered] == ["new@example.org"]

    newcomer = accounts.register(email="new@example.org", password=PASSWORD, name="Newcomer")
    accounts.mark_email_verified(newcomer.id)
    accounts.accept_invitation(newcomer.id, accounts.list_invitations(newcomer.id)[0].invitation.id)

    assert roles(accounts, jane, team) == {jane.id: Role.OWNER, newcomer.id: Role.MEMBER}


def test_somebody_who_is_in_the_team_is_not_invited_again(
    accounts: Core, jane: User, team: TeamId, guest: User
) -> None:
    join(accounts, jane, team, guest)

    accounts.invite_to_team(jane.id, team, email=guest.email)

    assert list(accounts.list_invitations(guest.id)) == []


def test_accepting_makes_a_member_and_ends_the_invitation(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    accounts.invite_to_team(jane.id, team, email=guest.email)
    invitation = accounts.list_invitations(guest.id)[0].invitation.id

    accounts.accept_invitation(guest.id, invitation)

    assert accounts.get_team(guest.id, team).role is Role.MEMBER
    with pytest.raises(NotFound):
        accounts.accept_invitation(guest.id, invitation)
    assert len(env.events.of(InvitationAccepted)) == 1


def test_declining_ends_the_invitation(accounts: Core, jane: User, team: TeamId, guest: User) -> None:
    accounts.invite_to_team(jane.id, team, email=guest.email)
    accounts.decline_invitation(guest.id, accounts.list_invitations(guest.id)[0].invitation.id)

    assert list(accounts.list_invitations(guest.id)) == []
    with pytest.raises(NotFound):
        accounts.get_team(guest.id, team)


def test_nobody_answers_somebody_elses_invitation(accounts: Core, jane: User, team: TeamId, guest: User) -> None:
    accounts.mark_email_verified(jane.id)
    accounts.invite_to_team(jane.id, team, email=guest.email)
    invitation = accounts.list_invitations(guest.id)[0].invitation.id

    for answer in (accounts.accept_invitation, accounts.decline_invitation):
        with pytest.raises(NotFound):
            answer(jane.id, invitation)

    assert len(accounts.list_invitations(guest.id)) == 1


def test_a_member_may_read_and_write_and_leave_and_nothing_more(
    accounts: Core, jane: User, team: TeamId, guest: User
) -> None:
    join(accounts, jane, team, guest)
    written = accounts.write_interaction(guest.id, team, body="Hello\nthere")

    assert written.author is not None
    assert written.author.name == "John Roe"
    assert list(accounts.list_interactions(jane.id, team)) == [written]
    forbidden: list[Callable[[], object]] = [
        lambda: accounts.delete_team(guest.id, team),
        lambda: accounts.hand_over_team(guest.id, team, to=guest.id),
        lambda: accounts.invite_to_team(guest.id, team, email="x@example.org"),
        lambda: accounts.remove_team_member(guest.id, team, member_id=jane.id),
        lambda: accounts.remove_team_member(guest.id, team, member_id=NOBODY),
    ]
    for act in forbidden:
        with pytest.raises(NotAllowed):
            act()

    accounts.remove_team_member(guest.id, team, member_id=guest.id)

    with pytest.raises(NotFound):
        accounts.get_team(guest.id, team)
    assert list(accounts.list_interactions(jane.id, team)) == [written]


def test_the_owner_removes_anyone_but_themself(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    join(accounts, jane, team, guest)
    with pytest.raises(NotAllowed):
        accounts.remove_team_member(jane.id, team, member_id=jane.id)

    accounts.remove_team_member(jane.id, team, member_id=guest.id)

    assert roles(accounts, jane, team) == {jane.id: Role.OWNER}
    with pytest.raises(NotFound):
        accounts.remove_team_member(jane.id, team, member_id=guest.id)
    assert len(env.events.of(MemberRemoved)) == 1


def test_handing_over_swaps_owner_and_member(accounts: Core, jane: User, team: TeamId, guest: User) -> None:
    join(accounts, jane, team, guest)

    accounts.hand_over_team(jane.id, team, to=guest.id)

    assert roles(accounts, jane, team) == {jane.id: Role.MEMBER, guest.id: Role.OWNER}
    accounts.delete_team(guest.id, team)
    with pytest.raises(NotFound):
        accounts.get_team(jane.id, team)


def test_a_team_is_handed_to_a_member_only(accounts: Core, jane: User, team: TeamId, guest: User) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.hand_over_team(jane.id, team, to=guest.id)

    assert caught.value.field == "user_id"
    accounts.hand_over_team(jane.id, team, to=jane.id)
    assert accounts.get_team(jane.id, team).role is Role.OWNER


def test_deleting_a_team_takes_everything_in_it(accounts: Core, jane: User, team: TeamId, guest: User) -> None:
    join(accounts, jane, team, guest)
    accounts.write_interaction(guest.id, team, body="hello")
    accounts.invite_to_team(jane.id, team, email="new@example.org")

    accounts.delete_team(jane.id, team)

    assert list(accounts.list_teams(jane.id)) == []
    assert list(accounts.list_teams(guest.id)) == []


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201])
def test_a_teams_name_is_one_line(accounts: Core, jane: User, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.create_team(jane.id, name=name)

    assert caught.value.field == "name"


@pytest.mark.parametrize("body", ["", " \n", "x" * 10_001, "a\0b", "a\ud800b"])
def test_an_interaction_says_something_that_can_be_stored(accounts: Core, jane: User, team: TeamId, body: str) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.write_interaction(jane.id, team, body=body)

    assert caught.value.field == "body"


def test_lists_are_read_in_pages_newest_first(accounts: Core, jane: User, env: Environment) -> None:
    for number in range(5):
        accounts.create_team(jane.id, name=f"Team {number}")

    first = accounts.list_teams(jane.id, limit=2)
    second = accounts.list_teams(jane.id, limit=2, before=first[-1].team.id)

    assert [view.team.name for view in [*first, *second]] == ["Team 4", "Team 3", "Team 2", "Team 1"]


def test_m09_the_name_of_a_team_is_brought_to_nfc(accounts: Core, jane: User) -> None:
    assert accounts.create_team(jane.id, name="Cafe\u0301").team.name == "Caf\u00e9"


def test_m09_marks_that_are_two_each_in_nfc_are_counted_as_such(accounts: Core, jane: User) -> None:
    """Else the notification of an invitation, which has the name in it, would be refused."""
    with pytest.raises(Invalid) as caught:
        accounts.create_team(jane.id, name="q" + "\u0344" * 16)

    assert caught.value.field == "name"
    assert accounts.create_team(jane.id, name="q" + "\u0344" * 15).team.name == "q" + "\u0308\u0301" * 15
