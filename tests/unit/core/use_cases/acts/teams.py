"""Teams."""

from collections.abc import Mapping

from tests.unit.core.conftest import PASSWORD
from tests.unit.core.use_cases.acts.stage import (
    JOHN,
    NEW,
    OLD,
    OPERATOR,
    USER,
    Act,
    Stage,
    in_turn,
)

from accounts_core.ports.mailer import MailKind

TEAMS: Mapping[str, Act] = {
    "found a team": Act(
        do=lambda s: s.accounts.create_team(s.jane.id, name="Bookshop"),
        trail=[(USER, "team_created", {"team_id": 1})],
    ),
    "invite somebody who has an account": Act(
        prepare=lambda s: s.accounts.create_team(s.jane.id, name="Bookshop"),
        do=lambda s: s.accounts.invite_to_team(s.jane.id, s.team, email=JOHN),
        trail=[(USER, "invited", {"team_id": 1, "email": JOHN})],
        mails=[(MailKind.INVITATION, JOHN, {"team": "Bookshop", "invited_by": "Jane Doe"})],
        notifications={JOHN: ["You invited to join Bookshop."]},
    ),
    "invite somebody who has none": Act(
        prepare=lambda s: s.accounts.create_team(s.jane.id, name="Bookshop"),
        do=lambda s: s.accounts.invite_to_team(s.jane.id, s.team, email=NEW),
        trail=[(USER, "invited", {"team_id": 1, "email": NEW})],
        mails=[(MailKind.INVITATION, NEW, {"team": "Bookshop", "invited_by": "Jane Doe"})],
    ),
    "invite somebody before the sender is verified": Act(
        is_verified=False,
        prepare=lambda s: s.accounts.create_team(s.jane.id, name="Bookshop"),
        do=lambda s: s.accounts.invite_to_team(s.jane.id, s.team, email=NEW),
        trail=[(USER, "invited", {"team_id": 1, "email": NEW})],
    ),
    "the sender is verified after inviting somebody": Act(
        links=0,
        is_verified=False,
        prepare=lambda s: s.invite(NEW),
        do=lambda s: s.accounts.mark_email_verified(s.jane.id),
        trail=[(OPERATOR, "email_verified", {"email": OLD})],
        mails=[(MailKind.INVITATION, NEW, {"team": "Bookshop", "invited_by": "Jane Doe"})],
    ),
    "verify an address that was invited before": Act(
        prepare=in_turn(
            lambda s: s.invite(NEW),
            lambda s: s.accounts.run_due(),
            lambda s: s.accounts.register(email=NEW, password=PASSWORD, name="Ann"),
        ),
        do=lambda s: s.accounts.mark_email_verified(s.accounts.find_user(NEW).id),
        trail=[(OPERATOR, "email_verified", {"email": NEW})],
        notifications={NEW: ["You invited to join Bookshop."]},
    ),
    "accept an invitation": Act(
        prepare=Stage.invite,
        do=lambda s: s.accounts.accept_invitation(s.john.id, s.invitation(s.john)),
        trail=[(USER, "invitation_accepted", {"team_id": 1})],
        notifications={OLD: ["Your invitation to join Bookshop was accepted."]},
    ),
    "invite somebody again": Act(
        prepare=Stage.invite,
        do=lambda s: s.accounts.invite_to_team(s.jane.id, s.team, email=JOHN),
        trail=[(USER, "invitation_resent", {"team_id": 1, "email": JOHN})],
        mails=[(MailKind.INVITATION, JOHN, {"team": "Bookshop", "invited_by": "Jane Doe"})],
    ),
    "resend an invitation": Act(
        prepare=Stage.invite,
        do=lambda s: s.accounts.resend_invitation(s.jane.id, s.team, s.invitation(s.john)),
        trail=[(USER, "invitation_resent", {"team_id": 1, "email": JOHN})],
        mails=[(MailKind.INVITATION, JOHN, {"team": "Bookshop", "invited_by": "Jane Doe"})],
    ),
    "revoke an invitation": Act(
        prepare=Stage.invite,
        do=lambda s: s.accounts.revoke_invitation(s.jane.id, s.team, s.invitation(s.john)),
        trail=[(USER, "invitation_revoked", {"team_id": 1, "email": JOHN})],
    ),
    "rename a team": Act(
        prepare=lambda s: s.accounts.create_team(s.jane.id, name="Bookshop"),
        do=lambda s: s.accounts.rename_team(s.jane.id, s.team, name="Library"),
        trail=[(USER, "team_renamed", {"team_id": 1, "name": "Library"})],
    ),
    "decline an invitation": Act(
        prepare=Stage.invite,
        do=lambda s: s.accounts.decline_invitation(s.john.id, s.invitation(s.john)),
        trail=[(USER, "invitation_declined", {"team_id": 1})],
    ),
    "hand a team over": Act(
        prepare=Stage.join,
        do=lambda s: s.accounts.hand_over_team(s.jane.id, s.team, to=s.john.id),
        trail=[(USER, "team_handed_over", {"team_id": 1, "owner_id": 2})],
    ),
    "remove a member": Act(
        prepare=Stage.join,
        do=lambda s: s.accounts.remove_team_member(s.jane.id, s.team, member_id=s.john.id),
        trail=[(USER, "member_removed", {"team_id": 1, "member_id": 2})],
    ),
    "write in a team": Act(
        prepare=Stage.join,
        do=lambda s: s.accounts.write_interaction(s.john.id, s.team, body="Hello"),
        trail=[(USER, "interaction_written", {"team_id": 1, "interaction_id": "<int>"})],
    ),
    "delete a team": Act(
        prepare=Stage.join,
        do=lambda s: s.accounts.delete_team(s.jane.id, s.team),
        trail=[(USER, "team_deleted", {"team_id": 1})],
    ),
}
