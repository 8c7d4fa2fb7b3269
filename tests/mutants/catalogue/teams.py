"""Who may do what in a team, when invitations end, and what names and addresses are let out."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http, memory_contract, sql_contract

_INVITATIONS: Final = "accounts_core/services/inviter.py"
_SENT: Final = "accounts_core/use_cases/teams/resend_invitation.py"
_TESTS: Final = "use_cases/test_invitations.py"
_MAILS: Final = "use_cases/test_links_in_mails.py"
_LOCKS: Final = "tests/integration/sql/test_team_locks.py"
_WAITED: Final = f"{_LOCKS}::test_whoever_waited_for_the_teams_lock_is_judged_by_what_is_so_then"

TEAMS: Final = (
    Mutant(
        name="U15: what somebody is in a team is not looked at again under the lock",
        at="accounts_core/services/team_access.py::locked_for",
        old=(
            "try:\n"
            "    team = await work.teams.get(team_id, lock=True)\n"
            "except NotFound:\n"
            '    raise NotFound("account", team_id) from None\n'
            "role = await work.teams.find_role(team_id, user_id)"
        ),
        new=(
            "try:\n"
            "    team = await work.teams.get(team_id, lock=True)\n"
            "except NotFound:\n"
            '    raise NotFound("account", team_id) from None'
        ),
        check=f"{_WAITED}[U15: writing by a member who is being removed-psycopg]",
    ),
    Mutant(
        name="M09: names that are not brought to NFC",
        at="accounts_core/model/text.py::one_line",
        old="unicodedata.normalize('NFC', text)",
        new="text",
        check=core("use_cases/test_register_and_sign_in.py::test_m09_the_name_of_a_person_is_brought_to_nfc"),
    ),
    Mutant(
        name="names that are not taken again as they are kept",
        at="accounts_core/model/text.py::one_line",
        old="is_stream_safe(cleaned)",
        new="is_stream_safe(text)",
        check=core("use_cases/test_teams.py::test_m09_marks_that_are_two_each_in_nfc_are_counted_as_such"),
    ),
    Mutant(
        name="an invitation that is not looked at again under the team's lock",
        at="accounts_core/use_cases/teams/accept_invitation.py::AcceptInvitation.__call__.attempt",
        old=(
            "team = await work.teams.get(team_id, lock=True)\n"
            "await open_invitation_to(work, user_id, id, open_since=open_since)"
        ),
        new="team = await work.teams.get(team_id, lock=True)",
        check=f"{_WAITED}[accepting what ends with a handover-psycopg]",
    ),
    Mutant(
        name="invitations that outlive a handover",
        at="accounts_core/use_cases/teams/hand_over_team.py::HandOverTeam.__call__.attempt",
        old="await work.teams.delete_invitations_into(team_id)",
        new="",
        check=core(f"{_TESTS}::test_a15_handing_over_ends_the_invitations_of_the_owner_before_for_good"),
    ),
    Mutant(
        name="invitations of an owner before that are open",
        at="adapters/accounts_sql/repositories/team_reader.py",
        old=(
            "sa.and_(\n"
            "    invitations.c.invited_by == teams.c.owner_id,\n"
            "    users.c.status == sa.literal_column(str(UserStatus.ACTIVE.value), sa.Integer),\n"
            '    by_moment("open_since") < _SENT_AT,\n'
            ")"
        ),
        new=(
            "sa.and_(\n"
            "    users.c.status == sa.literal_column(str(UserStatus.ACTIVE.value), sa.Integer),\n"
            '    by_moment("open_since") < _SENT_AT,\n'
            ")"
        ),
        check=sql_contract(
            "TestInvitations::test_an_invitation_by_somebody_else_than_the_present_owner_is_not_open[sqlite3]"
        ),
    ),
    Mutant(
        name="invitations of a deactivated owner that are open",
        at="adapters/accounts_memory/team_reader.py::_is_listed",
        old="team is None or sender is None or (not sender.is_active)",
        new="team is None or sender is None",
        check=memory_contract(
            "TestInvitations::test_an_invitation_by_a_deactivated_owner_is_not_open_until_they_are_back"
        ),
    ),
    Mutant(
        name="an invitation that can be declined and resent for ever",
        at="accounts_core/model/policy.py::Policy.invitations_open_since",
        old="self.invitations",
        new="2 * self.invitations",
        check=core(f"{_TESTS}::test_f6_how_long_an_invitation_is_open_is_the_policys"),
    ),
    Mutant(
        name="the owner of one account who revokes another's invitations",
        at="accounts_core/services/open_invitations.py::open_invitation_into",
        old="view is None or view.invitation.team_id != team_id",
        new="view is None",
        check=core(f"{_TESTS}::test_f6_nobody_but_the_owner_sees_or_touches_an_invitation"),
    ),
    Mutant(
        name="members who read whom the owner has invited",
        at="accounts_core/use_cases/teams/list_team_invitations.py::ListTeamInvitations.__call__",
        old="(await seen_by(reader, team_id, user_id)).team.check_owner(user_id)",
        new="await seen_by(reader, team_id, user_id)",
        check=core(f"{_TESTS}::test_f6_nobody_but_the_owner_sees_or_touches_an_invitation"),
    ),
    Mutant(
        name="resends that their recipient does not count",
        at="accounts_core/use_cases/teams/resend_invitation.py::ResendInvitation.__call__",
        old="await self._rate_limits.consume_mail(invitation.email)",
        new="",
        check=core(f"{_TESTS}::test_f6_a_resend_is_counted_for_its_sender_and_for_its_recipient"),
    ),
    Mutant(
        name="resends that their sender does not count",
        at="accounts_core/use_cases/teams/resend_invitation.py::ResendInvitation.__call__",
        old="await self._rate_limits.consume_invitation(user_id)",
        new="",
        check=core(f"{_TESTS}::test_f6_a_resend_is_counted_for_its_sender_and_for_its_recipient"),
    ),
    Mutant(
        name="a resend that renews nothing",
        at="accounts_core/services/inviter.py::Inviter.renew",
        old="work.teams.renew_invitation(invitation.id, sent_at=now, is_mail_pending=is_mail_pending)",
        new="work.teams.renew_invitation(invitation.id, sent_at=invitation.sent_at, is_mail_pending=is_mail_pending)",
        check=core(f"{_TESTS}::test_f6_an_invitation_is_sent_again_and_its_time_begins_anew"),
    ),
    Mutant(
        name="an address that is invited again and takes the quota's last place",
        at="accounts_core/services/inviter.py::Inviter.owned_with_place",
        old="not self._is_open(invitation, team)",
        new="invitation.sent_at",
        check=core(f"{_TESTS}::test_f6_inviting_again_takes_no_further_place"),
    ),
    Mutant(
        name="an owner's list that tells which address is a member's",
        at="accounts_core/services/inviter.py::Inviter._invite",
        old="is_member and (not self._policy.private_registration)",
        new="is_member",
        check=core(f"{_TESTS}::test_f6_where_registration_is_private_the_list_does_not_tell_a_member_from_a_stranger"),
    ),
    Mutant(
        name="expired invitations that are kept for ever",
        at="accounts_core/services/expiry.py::expiries",
        old=(
            "{\n"
            "    Expired.IDEMPOTENCY_RECORDS: KEPT_FOR,\n"
            "    Expired.PROVIDER_EVENTS: REMEMBERED_FOR,\n"
            "    Expired.INVITATIONS: policy.invitations,\n"
            "    Expired.NOTIFICATIONS: kept.notifications,\n"
            "    Expired.DEVICES: kept.devices,\n"
            "    Expired.VERIFICATIONS: kept.verifications,\n"
            "    Expired.DEAD_JOBS: kept.dead_jobs,\n"
            "    Expired.AUDIT: kept.audit,\n"
            "}"
        ),
        new=(
            "{\n"
            "    Expired.IDEMPOTENCY_RECORDS: KEPT_FOR,\n"
            "    Expired.PROVIDER_EVENTS: REMEMBERED_FOR,\n"
            "    Expired.NOTIFICATIONS: kept.notifications,\n"
            "    Expired.DEVICES: kept.devices,\n"
            "    Expired.VERIFICATIONS: kept.verifications,\n"
            "    Expired.DEAD_JOBS: kept.dead_jobs,\n"
            "    Expired.AUDIT: kept.audit,\n"
            "}"
        ),
        check=core(f"{_TESTS}::test_f6_more_expired_invitations_than_one_batch_are_tidied_away"),
    ),
    Mutant(
        name="a member who renames the account",
        at="accounts_core/use_cases/teams/rename_team.py::RenameTeam.__call__.attempt",
        old="owned_by(work, team_id, user_id)",
        new="work.teams.get(team_id, lock=True)",
        check=core(f"{_TESTS}::test_the_owner_renames_a_team_and_its_name_is_brought_to_nfc"),
    ),
    Mutant(
        name="F5: links that a sign-up has mailed to a stranger",
        at="accounts_core/outbox/mails.py::Mails.deliver_token",
        old="{'name': name} if is_verified else without_links({'name': name})",
        new="{'name': name}",
        check=core(f"{_MAILS}::test_f5_the_name_of_a_sign_up_is_not_mailed_to_a_stranger_where_it_is_a_link"),
    ),
    Mutant(
        name="F5: links that an invitation takes to an address that is not verified",
        at="accounts_core/outbox/mail_jobs.py::MailJobs.invitation",
        old="without_links(values)",
        new="values",
        check=core(f"{_MAILS}::test_f5_an_unverified_holder_is_mailed_no_link"),
    ),
    Mutant(
        name="F5: links with the dots of other scripts",
        at="accounts_core/model/links.py::reads_as_link",
        old="unicodedata.normalize('NFKC', text).translate(_AS_SHOWN)",
        new="unicodedata.normalize('NFKC', text)",
        check=core("model/test_links.py::test_f5_a_mail_program_may_make_a_link_of"),
    ),
    Mutant(
        name="F5: links with characters between that nobody sees",
        at="accounts_core/model/links.py::reads_as_link",
        old="each not in BLANK and unicodedata.category(each) not in _INVISIBLE",
        new="each not in BLANK",
        check=core("model/test_links.py::test_f5_a_mail_program_may_make_a_link_of"),
    ),
    Mutant(
        name="F5: links in a subject",
        at="adapters/accounts_smtp/variables.py::_in_subject",
        old="isinstance(value, Typed) and reads_as_link(str.__str__(value))",
        new="False",
        check="tests/integration/smtp/test_messages.py::test_f5_a_name_that_is_a_link_is_in_no_subject",
    ),
    Mutant(
        name="A18: a deleted person's address in the inviter's trail",
        at="accounts_core/services/owned_data.py::OwnedTeams.erase",
        old="await work.audit.redact_invited(user.email)",
        new="",
        check=http("test_invitations.py::test_a18_a_deleted_persons_address_is_in_nobodys_activity_or_export[memory]"),
    ),
    Mutant(
        name="A18: a trail in a database that keeps the deleted person's address",
        at="adapters/accounts_sql/repositories/audit.py::Audit.add",
        old="entry.invited_key",
        new="None",
        check=sql_contract(
            "TestInvitations::test_a18_an_invited_address_is_taken_out_of_the_trail_in_any_spelling[sqlite3-Invited]"
        ),
    ),
    Mutant(
        name="A18: a deletion that keeps the owner from hearing of a theft",
        at="accounts_core/model/jobs.py",
        old="tuple(topic for topic, cls in JOBS.items() if cls.has_typed_address)",
        new="tuple(topic for topic, cls in JOBS.items() if cls.has_typed_address or topic == 'security_notice')",
        check=memory_contract(
            "TestInvitations::test_a18_jobs_about_a_typed_address_are_removed_and_those_that_tell_its_owner_stay"
        ),
    ),
    Mutant(
        name="a mail that counts for its recipient before it is known who owns the team",
        at="accounts_core/services/inviter.py::Inviter.invite",
        old="(await seen_by(reader, team_id, by)).team.check_owner(by)",
        new="",
        check=core("use_cases/test_invitations.py::test_somebody_who_may_not_invite_uses_up_nobodys_mails"),
    ),
)
