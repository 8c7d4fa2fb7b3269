"""Who may do what in a team, when invitations end, and what names and addresses are let out."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http, memory_contract, sql_contract

_TEAMS: Final = "accounts_core/use_cases/teams"
_INVITATIONS: Final = f"{_TEAMS}/invitations.py"
_SENT: Final = f"{_TEAMS}/sent_invitations.py"
_TESTS: Final = "use_cases/test_invitations.py"
_MAILS: Final = "use_cases/test_links_in_mails.py"
_LOCKS: Final = "tests/integration/sql/test_team_locks.py"
_WAITED: Final = f"{_LOCKS}::test_whoever_waited_for_the_teams_lock_is_judged_by_what_is_so_then"

TEAMS: Final = (
    Mutant(
        name="U15: what somebody is in a team is not looked at again under the lock",
        file=f"{_TEAMS}/membership.py",
        old="    role = await work.teams.role(team_id, user_id)  # as it is under the lock\n",
        new="",
        check=f"{_WAITED}[U15: writing by a member who is being removed-psycopg]",
    ),
    Mutant(
        name="M09: names that are not brought to NFC",
        file="accounts_core/model/text.py",
        old='    tidy = unicodedata.normalize("NFC", text).strip()\n',
        new="    tidy = text.strip()\n",
        check=core("use_cases/test_register_and_sign_in.py::test_m09_the_name_of_a_person_is_brought_to_nfc"),
    ),
    Mutant(
        name="names that are not taken again as they are kept",
        file="accounts_core/model/text.py",
        old="    if not is_stream_safe(tidy):  # one mark may become two, such as U+0344\n",
        new="    if not is_stream_safe(text):\n",
        check=core("use_cases/test_teams.py::test_m09_marks_that_are_two_each_in_nfc_are_counted_as_such"),
    ),
    Mutant(
        name="an invitation that is not looked at again under the team's lock",
        file=_INVITATIONS,
        old=(
            "                # as it is under the lock: the owner may have revoked it, or handed the team over\n"
            "                await _received(work, user_id, id, open_since=open_since)\n"
        ),
        new="",
        check=f"{_WAITED}[accepting what ends with a handover-psycopg]",
    ),
    Mutant(
        name="invitations that outlive a handover",
        file=f"{_TEAMS}/manage.py",
        old="                await work.teams.remove_invitations_into(team_id)\n",
        new="",
        check=core(f"{_TESTS}::test_a15_handing_over_ends_the_invitations_of_the_owner_before_for_good"),
    ),
    Mutant(
        name="invitations of an owner before that are open",
        file="adapters/accounts_sql/repositories/team_reads.py",
        old="    invitations.c.invited_by == teams.c.owner_id,\n",
        new="",
        check=sql_contract(
            "TestInvitations::test_an_invitation_by_somebody_else_than_the_present_owner_is_not_open[sqlite3]"
        ),
    ),
    Mutant(
        name="invitations of a deactivated owner that are open",
        file="adapters/accounts_memory/team_reads.py",
        old="    if team is None or sender is None or not sender.is_active:\n",
        new="    if team is None or sender is None:\n",
        check=memory_contract(
            "TestInvitations::test_an_invitation_by_a_deactivated_owner_is_not_open_until_they_are_back"
        ),
    ),
    Mutant(
        name="an invitation that can be declined and resent for ever",
        file="accounts_core/model/policy.py",
        old="        return now - self.invitations\n",
        new="        return now - 2 * self.invitations\n",
        check=core(f"{_TESTS}::test_f6_how_long_an_invitation_is_open_is_the_policys"),
    ),
    Mutant(
        name="the owner of one account who revokes another's invitations",
        file=_SENT,
        old="    if view is None or view.invitation.team_id != team_id:\n",
        new="    if view is None:\n",
        check=core(f"{_TESTS}::test_f6_nobody_but_the_owner_sees_or_touches_an_invitation"),
    ),
    Mutant(
        name="members who read whom the owner has invited",
        file=_SENT,
        old=(
            "            (await seen_by(views, team_id, user_id)).team.check_owner(user_id)\n"
            "\n"
            "            async def find(id: str) -> Cursor | None:\n"
        ),
        new=(
            "            await seen_by(views, team_id, user_id)\n"
            "\n"
            "            async def find(id: str) -> Cursor | None:\n"
        ),
        check=core(f"{_TESTS}::test_f6_nobody_but_the_owner_sees_or_touches_an_invitation"),
    ),
    Mutant(
        name="resends that their recipient does not count",
        file=_SENT,
        old="            await self._attempts.mail(invitation.email)\n",
        new="            pass\n",
        check=core(f"{_TESTS}::test_f6_a_resend_is_counted_for_its_sender_and_for_its_recipient"),
    ),
    Mutant(
        name="resends that their sender does not count",
        file=_SENT,
        old="        await self._attempts.invitation(user_id)\n",
        new="",
        check=core(f"{_TESTS}::test_f6_a_resend_is_counted_for_its_sender_and_for_its_recipient"),
    ),
    Mutant(
        name="a resend that renews nothing",
        file=_INVITATIONS,
        old="sent_at=now, is_mail_pending=is_mail_pending)\n",
        new="sent_at=invitation.sent_at, is_mail_pending=is_mail_pending)\n",
        check=core(f"{_TESTS}::test_f6_an_invitation_is_sent_again_and_its_time_begins_anew"),
    ),
    Mutant(
        name="an address that is invited again and takes the quota's last place",
        file=_INVITATIONS,
        old="        if invitation is None or not self._is_open(invitation, team):\n",
        new="        if invitation is None or invitation.sent_at:\n",
        check=core(f"{_TESTS}::test_f6_inviting_again_takes_no_further_place"),
    ),
    Mutant(
        name="an owner's list that tells which address is a member's",
        file=_INVITATIONS,
        old="        if is_member and not self._policy.private_registration:\n",
        new="        if is_member:\n",
        check=core(f"{_TESTS}::test_f6_where_registration_is_private_the_list_does_not_tell_a_member_from_a_stranger"),
    ),
    Mutant(
        name="expired invitations that are kept for ever",
        file="accounts_core/use_cases/tidy.py",
        old="        Expired.INVITATIONS: policy.invitations,\n",
        new="",
        check=core(f"{_TESTS}::test_f6_more_expired_invitations_than_one_batch_are_tidied_away"),
    ),
    Mutant(
        name="a member who renames the account",
        file=f"{_TEAMS}/manage.py",
        old="                before = await owned_by(work, team_id, user_id)\n",
        new="                before = await work.teams.get(team_id, lock=True)\n",
        check=core(f"{_TESTS}::test_the_owner_renames_a_team_and_its_name_is_brought_to_nfc"),
    ),
    Mutant(
        name="F5: links that a sign-up has mailed to a stranger",
        file="accounts_core/use_cases/mailing.py",
        old='        names = {"name": name} if is_verified else without_links({"name": name})\n',
        new='        names = {"name": name}\n',
        check=core(f"{_MAILS}::test_f5_the_name_of_a_sign_up_is_not_mailed_to_a_stranger_where_it_is_a_link"),
    ),
    Mutant(
        name="F5: links that an invitation takes to an address that is not verified",
        file="accounts_core/use_cases/mailing.py",
        old="Purpose.INVITATION, without_links(values), None)\n",
        new="Purpose.INVITATION, values, None)\n",
        check=core(f"{_MAILS}::test_f5_an_unverified_holder_is_mailed_no_link"),
    ),
    Mutant(
        name="F5: links with the dots of other scripts",
        file="accounts_core/model/links.py",
        old='    shown = unicodedata.normalize("NFKC", text).translate(_AS_SHOWN)\n',
        new='    shown = unicodedata.normalize("NFKC", text)\n',
        check=core("model/test_links.py::test_f5_a_mail_program_may_make_a_link_of"),
    ),
    Mutant(
        name="F5: links with characters between that nobody sees",
        file="accounts_core/model/links.py",
        old=" and unicodedata.category(each) not in _INVISIBLE)",
        new=")",
        check=core("model/test_links.py::test_f5_a_mail_program_may_make_a_link_of"),
    ),
    Mutant(
        name="F5: links in a subject",
        file="adapters/accounts_smtp/wordings.py",
        old="if team and not reads_as_link(team) else",
        new="if team else",
        check="tests/unit/adapters/test_messages.py::test_f5_a_name_that_is_a_link_is_in_no_subject",
    ),
    Mutant(
        name="A18: a deleted person's address in the inviter's trail",
        file="accounts_core/use_cases/owned_data.py",
        old="            await work.audit.redact_invited(user.email)\n",
        new="",
        check=http("test_invitations.py::test_a18_a_deleted_persons_address_is_in_nobodys_activity_or_export[memory]"),
    ),
    Mutant(
        name="A18: a trail in a database that keeps the deleted person's address",
        file="adapters/accounts_sql/repositories/audit.py",
        old="            invited_key=entry.invited_key,\n",
        new="            invited_key=None,\n",
        check=sql_contract(
            "TestInvitations::test_a18_an_invited_address_is_taken_out_of_the_trail_in_any_spelling[sqlite3-Invited]"
        ),
    ),
    Mutant(
        name="A18: a deletion that keeps the owner from hearing of a theft",
        file="accounts_core/model/outbox.py",
        old="TYPED_ADDRESS_TOPICS: Final = (Topic.INVITE,",
        new="TYPED_ADDRESS_TOPICS: Final = (Topic.INVITE, Topic.SECURITY_NOTICE,",
        check=memory_contract(
            "TestInvitations::test_a18_jobs_about_a_typed_address_are_removed_and_those_that_tell_its_owner_stay"
        ),
    ),
)
