"""F6 and A15: what the owner of a team does with invitations, and when they end."""

from datetime import timedelta

import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.errors import Invalid, NotAllowed, NotFound, QuotaExceeded, RateLimitExceeded
from accounts_core.model import EmailAddress, Role, TeamId, User
from accounts_core.model.audit import AuditEntry
from accounts_core.model.events import InvitationResent, InvitationRevoked, Invited, TeamRenamed
from accounts_core.model.policy import QuotaPolicy
from accounts_core.model.team import InvitationView
from accounts_core.ports.mailer import MailKind
from accounts_core.testing.builders import NOON
from accounts_memory import MemoryRateLimiter

NEW = "new@example.org"
TWO_WEEKS = timedelta(days=14)


@pytest.fixture
def team(accounts: Core, jane: User) -> TeamId:
    accounts.mark_email_verified(jane.id)  # an unverified sender's mails wait
    return accounts.create_team(jane.id, name="Dev team").team.id


@pytest.fixture
def guest(accounts: Core, john: User) -> User:
    return accounts.mark_email_verified(john.id)


def invite(accounts: Core, owner: User, team: TeamId, email: str | EmailAddress = NEW) -> str:
    """Invite an address, and return the id of its invitation."""
    accounts.invite_to_team(owner.id, team, email=email)
    accounts.run_due()
    address = email if isinstance(email, str) else email.address
    (sent,) = [view for view in sent_by(accounts, owner, team) if view.invitation.email.address == address]
    return sent.invitation.id


def sent_by(accounts: Core, owner: User, team: TeamId) -> list[InvitationView]:
    return list(accounts.list_team_invitations(owner.id, team, limit=200))


def mailed(accounts: Core, env: Environment, email: str = NEW) -> int:
    while accounts.run_due().done:
        pass
    return sum(each.to.address == email and each.kind is MailKind.INVITATION for each in env.mailer.delivered)


def join(accounts: Core, owner: User, team: TeamId, guest: User) -> None:
    accounts.accept_invitation(guest.id, invite(accounts, owner, team, guest.email))


def trail(accounts: Core, user: User, action: str) -> list[AuditEntry]:
    return [entry for entry in accounts.list_activity(user_id=user.id, limit=200) if entry.action == action]


# ---- F6: list, resend, revoke


def test_f6_the_owner_lists_the_open_invitations_newest_first(
    accounts: Core, jane: User, team: TeamId, env: Environment
) -> None:
    for number in range(3):
        accounts.invite_to_team(jane.id, team, email=f"NEW{number}@example.org")
        env.wait(minutes=1)

    first = accounts.list_team_invitations(jane.id, team, limit=2)
    rest = accounts.list_team_invitations(jane.id, team, limit=2, before=first[-1].invitation.id)

    assert [view.invitation.email.address for view in (*first, *rest)] == [
        "NEW2@example.org",
        "NEW1@example.org",
        "NEW0@example.org",
    ]
    (oldest,) = rest
    assert (oldest.team_name, oldest.invited_by and oldest.invited_by.id) == ("Dev team", jane.id)
    assert oldest.invitation.created_at == oldest.invitation.sent_at == NOON


def test_f6_an_invitation_is_sent_again_and_its_time_begins_anew(
    accounts: Core, jane: User, team: TeamId, env: Environment
) -> None:
    invitation = invite(accounts, jane, team)
    env.wait(days=13)

    accounts.resend_invitation(jane.id, team, invitation)

    assert mailed(accounts, env) == 2
    (view,) = sent_by(accounts, jane, team)
    assert (view.invitation.id, view.invitation.created_at) == (invitation, NOON)
    assert view.invitation.sent_at == NOON + timedelta(days=13)
    assert len(env.events.of(InvitationResent)) == 1
    assert [dict(entry.details) for entry in trail(accounts, jane, "invitation_resent")] == [
        {"team_id": team, "email": NEW}
    ]


def test_f6_inviting_an_address_again_sends_the_mail_again_and_notifies_once(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    first = invite(accounts, jane, team, guest.email)
    env.wait(days=1)

    assert invite(accounts, jane, team, guest.email) == first
    assert mailed(accounts, env, "john@example.org") == 2
    assert [each.type for each in accounts.list_notifications(guest.id)] == ["invite"]
    assert (len(env.events.of(Invited)), len(env.events.of(InvitationResent))) == (1, 1)


def test_f6_inviting_another_spelling_again_goes_to_that_mailbox(
    accounts: Core, jane: User, team: TeamId, env: Environment
) -> None:
    """Full-width letters have the same key and may be another mailbox."""
    wide = "\uff4e\uff45\uff57@example.org"
    invite(accounts, jane, team, wide)

    invite(accounts, jane, team, NEW)

    assert [view.invitation.email.address for view in sent_by(accounts, jane, team)] == [NEW]
    assert (mailed(accounts, env, wide), mailed(accounts, env)) == (1, 1)


def test_f6_a_revoked_invitation_is_gone_and_is_not_mailed(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    accounts.invite_to_team(jane.id, team, email=guest.email)
    (view,) = sent_by(accounts, jane, team)

    accounts.revoke_invitation(jane.id, team, view.invitation.id)

    assert sent_by(accounts, jane, team) == []
    assert list(accounts.list_invitations(guest.id)) == []
    assert mailed(accounts, env, "john@example.org") == 0
    for answer in (accounts.accept_invitation, accounts.decline_invitation):
        with pytest.raises(NotFound):
            answer(guest.id, view.invitation.id)
    for act in (accounts.revoke_invitation, accounts.resend_invitation):
        with pytest.raises(NotFound):
            act(jane.id, team, view.invitation.id)
    assert len(env.events.of(InvitationRevoked)) == 1
    assert [dict(entry.details) for entry in trail(accounts, jane, "invitation_revoked")] == [
        {"team_id": team, "email": "john@example.org"}
    ]


def test_f6_the_owner_is_notified_of_an_acceptance_without_a_name_that_would_outlive_the_account(
    accounts: Core, jane: User, team: TeamId, guest: User
) -> None:
    join(accounts, jane, team, guest)

    (told,) = accounts.list_notifications(jane.id)
    assert (told.type, told.message) == (
        "invitation_accepted",
        "Your invitation to join Dev team was accepted.",
    )


def test_f6_nobody_but_the_owner_sees_or_touches_an_invitation(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    mary = accounts.register(email="mary@example.org", password=PASSWORD, name="Mary")
    join(accounts, jane, team, guest)
    invitation = invite(accounts, jane, team)
    others = accounts.create_team(mary.id, name="Another").team.id

    for user, error in ((guest, NotAllowed), (mary, NotFound)):
        with pytest.raises(error):
            accounts.list_team_invitations(user.id, team)
        for act in (accounts.resend_invitation, accounts.revoke_invitation):
            with pytest.raises(error):
                act(user.id, team, invitation)
    for act in (accounts.resend_invitation, accounts.revoke_invitation):
        with pytest.raises(NotFound):
            act(mary.id, others, invitation)  # their own team's path, another team's invitation
    with pytest.raises(Invalid):
        accounts.list_team_invitations(mary.id, others, before=invitation)
    assert mailed(accounts, env) == 1


def test_f6_a_resend_is_counted_for_its_sender_and_for_its_recipient(env: Environment, jane: User) -> None:
    accounts = env.accounts(limits=MemoryRateLimiter())
    accounts.mark_email_verified(jane.id)
    team = accounts.create_team(jane.id, name="Dev team").team.id
    invitation = invite(accounts, jane, team)
    for _ in range(9):
        accounts.resend_invitation(jane.id, team, invitation)

    with pytest.raises(RateLimitExceeded):  # the recipient's ten mails an hour
        accounts.resend_invitation(jane.id, team, invitation)
    accounts.invite_to_team(jane.id, team, email=NEW)  # answered as ever, and not mailed
    assert mailed(accounts, env) == 10

    for number in range(38):
        accounts.invite_to_team(jane.id, team, email=f"guest{number}@example.org")
    (last,) = accounts.list_team_invitations(jane.id, team, limit=1)
    with pytest.raises(RateLimitExceeded) as caught:  # the sender's fifty an hour
        accounts.resend_invitation(jane.id, team, last.invitation.id)
    assert str(caught.value.retry_after)


def test_f6_somebody_who_may_not_resend_uses_up_nobodys_mails(env: Environment, jane: User, john: User) -> None:
    accounts = env.accounts(limits=MemoryRateLimiter())
    accounts.mark_email_verified(jane.id)
    team = accounts.create_team(jane.id, name="Dev team").team.id
    invitation = invite(accounts, jane, team)
    for _ in range(20):
        with pytest.raises(NotFound):
            accounts.resend_invitation(john.id, team, invitation)

    accounts.resend_invitation(jane.id, team, invitation)
    assert mailed(accounts, env) == 2


def test_somebody_who_may_not_invite_uses_up_nobodys_mails(env: Environment, jane: User, john: User) -> None:
    accounts = env.accounts(limits=MemoryRateLimiter())
    for user in (jane, john):
        accounts.mark_email_verified(user.id)
    team = accounts.create_team(jane.id, name="Dev team").team.id
    for _ in range(20):
        with pytest.raises(NotFound):
            accounts.invite_to_team(john.id, team, email="guest@example.org")

    accounts.run_due()
    before = len(env.mailer.delivered)
    accounts.invite_to_team(jane.id, team, email="guest@example.org")
    accounts.run_due()
    assert len(env.mailer.delivered) == before + 1


def test_f6_a_resend_of_an_unverified_sender_waits_for_their_verification(
    accounts: Core, jane: User, env: Environment
) -> None:
    team = accounts.create_team(jane.id, name="Dev team").team.id
    invitation = invite(accounts, jane, team)
    accounts.resend_invitation(jane.id, team, invitation)
    assert mailed(accounts, env) == 0

    accounts.mark_email_verified(jane.id)

    assert mailed(accounts, env) == 1


@pytest.mark.parametrize("is_private", [False, True])
def test_f6_inviting_again_takes_no_further_place(env: Environment, jane: User, is_private: bool) -> None:
    accounts = env.accounts(Policy(quotas=QuotaPolicy(invitations=1), private_registration=is_private))
    accounts.mark_email_verified(jane.id)
    team = accounts.create_team(jane.id, name="Dev team").team.id
    invite(accounts, jane, team)

    accounts.invite_to_team(jane.id, team, email=NEW)

    assert mailed(accounts, env) == 2
    with pytest.raises(QuotaExceeded):
        accounts.invite_to_team(jane.id, team, email="other@example.org")


def test_f6_where_registration_is_private_the_list_does_not_tell_a_member_from_a_stranger(
    env: Environment, jane: User, john: User
) -> None:
    accounts = env.accounts(Policy(private_registration=True))
    for user in (jane, john):
        accounts.mark_email_verified(user.id)
    team = accounts.create_team(jane.id, name="Dev team").team.id
    join(accounts, jane, team, john)
    env.mailer.delivered.clear()
    told = accounts.list_notifications(john.id)

    for email in ("john@example.org", NEW):
        invite(accounts, jane, team, email)

    assert {view.invitation.email.address for view in sent_by(accounts, jane, team)} == {"john@example.org", NEW}
    assert (mailed(accounts, env, "john@example.org"), mailed(accounts, env)) == (0, 1)
    assert accounts.list_notifications(john.id) == told


# ---- F6: expiry


def test_f6_an_invitation_ends_after_two_weeks_and_can_then_not_be_answered(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    invitation = invite(accounts, jane, team, guest.email)
    env.wait(days=14, microseconds=-1)
    assert len(sent_by(accounts, jane, team)) == len(accounts.list_invitations(guest.id)) == 1

    env.wait(microseconds=1)

    assert sent_by(accounts, jane, team) == []
    assert list(accounts.list_invitations(guest.id)) == []
    for answer in (accounts.accept_invitation, accounts.decline_invitation):
        with pytest.raises(NotFound):
            answer(guest.id, invitation)
    for act in (accounts.revoke_invitation, accounts.resend_invitation):
        with pytest.raises(NotFound):
            act(jane.id, team, invitation)


def test_f6_how_long_an_invitation_is_open_is_the_policys(env: Environment, jane: User) -> None:
    accounts = env.accounts(Policy(invitations=timedelta(days=2)))
    accounts.mark_email_verified(jane.id)
    team = accounts.create_team(jane.id, name="Dev team").team.id
    invite(accounts, jane, team)
    env.wait(days=2, microseconds=-1)
    assert len(sent_by(accounts, jane, team)) == 1
    env.wait(microseconds=1)
    assert sent_by(accounts, jane, team) == []
    with pytest.raises(ValueError, match="invitations"):
        Policy(invitations=timedelta(0))


def test_f6_an_expired_invitation_is_made_anew_by_inviting_again(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    first = invite(accounts, jane, team, guest.email)
    env.wait(days=14)

    second = invite(accounts, jane, team, guest.email)

    assert second != first
    assert [each.type for each in accounts.list_notifications(guest.id)] == ["invite", "invite"]
    assert mailed(accounts, env, "john@example.org") == 2
    accounts.accept_invitation(guest.id, second)
    assert accounts.get_team(guest.id, team).role is Role.MEMBER


def test_f6_an_expired_invitation_takes_no_place_and_is_tidied_away(env: Environment, jane: User) -> None:
    accounts = env.accounts(Policy(quotas=QuotaPolicy(invitations=1)))
    accounts.mark_email_verified(jane.id)
    team = accounts.create_team(jane.id, name="Dev team").team.id
    invite(accounts, jane, team)
    env.wait(days=14, microseconds=-1)
    assert accounts.run_cleanup().invitations == 0

    env.wait(microseconds=1)
    invite(accounts, jane, team, "other@example.org")

    assert accounts.run_cleanup().invitations == 1
    assert [each.email.address for each in env.store._state.invitations.rows.values()] == ["other@example.org"]


def test_f6_more_expired_invitations_than_one_batch_are_tidied_away(
    accounts: Core, jane: User, env: Environment
) -> None:
    teams = [accounts.create_team(jane.id, name="T").team.id for _ in range(2)]
    for number in range(230):
        accounts.invite_to_team(jane.id, teams[number % 2], email=f"guest{number}@example.org")
    env.wait(days=14)

    assert accounts.run_cleanup().invitations == 230


def test_f6_an_expired_invitation_is_not_mailed_and_not_told_to_a_new_user(
    accounts: Core, jane: User, team: TeamId, john: User, env: Environment
) -> None:
    accounts.invite_to_team(jane.id, team, email=john.email)
    env.wait(days=14)

    accounts.mark_email_verified(john.id)

    assert accounts.list_notifications(john.id) == []
    assert mailed(accounts, env, "john@example.org") == 0


# ---- A15: invitations end with their sender's right to invite


def test_a15_handing_over_ends_the_invitations_of_the_owner_before(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    mary = accounts.mark_email_verified(accounts.register(email="mary@example.org", password=PASSWORD, name="Mary").id)
    join(accounts, jane, team, guest)
    invitation = invite(accounts, jane, team, mary.email)

    accounts.hand_over_team(jane.id, team, to=guest.id)

    assert sent_by(accounts, guest, team) == []
    with pytest.raises(NotFound):
        accounts.accept_invitation(mary.id, invitation)
    accounts.remove_team_member(guest.id, team, member_id=jane.id)
    with pytest.raises(NotFound):
        accounts.accept_invitation(mary.id, invitation)
    again = invite(accounts, guest, team, mary.email)  # the new owner has the right to
    accounts.accept_invitation(mary.id, again)
    assert accounts.get_team(mary.id, team).role is Role.MEMBER


def test_a15_handing_over_ends_the_invitations_of_the_owner_before_for_good(
    accounts: Core, jane: User, team: TeamId, guest: User
) -> None:
    join(accounts, jane, team, guest)
    invite(accounts, jane, team)
    accounts.hand_over_team(jane.id, team, to=guest.id)
    accounts.hand_over_team(guest.id, team, to=jane.id)

    assert sent_by(accounts, jane, team) == []


def test_a15_an_invitation_of_an_owner_before_that_is_left_from_an_older_version_cannot_be_accepted(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    mary = accounts.mark_email_verified(accounts.register(email="mary@example.org", password=PASSWORD, name="Mary").id)
    join(accounts, jane, team, guest)
    invitation = invite(accounts, jane, team, mary.email)
    state = env.store._state
    before = state.invitations
    accounts.hand_over_team(jane.id, team, to=guest.id)
    object.__setattr__(env.store._state, "invitations", before)

    with pytest.raises(NotFound):
        accounts.accept_invitation(mary.id, invitation)
    assert list(accounts.list_invitations(mary.id)) == []


def test_a15_a_deactivated_owners_invitations_rest_until_the_owner_is_back(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    invitation = invite(accounts, jane, team, guest.email)
    accounts.deactivate(jane.id)
    assert list(accounts.list_invitations(guest.id)) == []
    with pytest.raises(NotFound):
        accounts.accept_invitation(guest.id, invitation)

    accounts.reinstate(jane.id)
    accounts.accept_invitation(guest.id, invitation)

    assert accounts.get_team(guest.id, team).role is Role.MEMBER


def test_a15_a_worker_does_not_invite_for_somebody_who_was_deactivated_meanwhile(env: Environment, jane: User) -> None:
    accounts = env.accounts(Policy(private_registration=True))
    accounts.mark_email_verified(jane.id)
    team = accounts.create_team(jane.id, name="Dev team").team.id
    accounts.invite_to_team(jane.id, team, email=NEW)
    accounts.deactivate(jane.id)

    assert mailed(accounts, env) == 0
    assert not env.store._state.invitations.rows


def test_a15_a_deleted_owners_invitations_are_gone(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    invitation = invite(accounts, jane, team, guest.email)
    accounts.delete_user(jane.id, password=PASSWORD)

    assert not env.store._state.invitations.rows
    with pytest.raises(NotFound):
        accounts.accept_invitation(guest.id, invitation)


# ---- renaming


def test_the_owner_renames_a_team_and_its_name_is_brought_to_nfc(
    accounts: Core, jane: User, team: TeamId, guest: User, env: Environment
) -> None:
    join(accounts, jane, team, guest)

    view = accounts.rename_team(jane.id, team, name=" Cafe\u0301 ")

    assert (view.team.name, view.role) == ("Caf\u00e9", Role.OWNER)
    assert accounts.get_team(guest.id, team).team.name == "Caf\u00e9"
    assert [dict(entry.details) for entry in trail(accounts, jane, "team_renamed")] == [
        {"team_id": team, "name": "Caf\u00e9"}
    ]
    accounts.rename_team(jane.id, team, name="Cafe\u0301")
    assert len(env.events.of(TeamRenamed)) == 1
    with pytest.raises(NotAllowed):
        accounts.rename_team(guest.id, team, name="Mine")
    stranger = accounts.register(email="mary@example.org", password=PASSWORD, name="Mary")
    with pytest.raises(NotFound):
        accounts.rename_team(stranger.id, team, name="Mine")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201, "4242 4242 4242 4242"])
def test_a_team_is_renamed_under_the_rules_of_its_foundation(
    accounts: Core, jane: User, team: TeamId, name: str
) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.rename_team(jane.id, team, name=name)

    assert caught.value.field == "name"
    assert accounts.get_team(jane.id, team).team.name == "Dev team"
