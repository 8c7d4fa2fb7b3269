"""Who may come in, and for how long: addresses, passwords, sessions, mailed tokens, teams."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, faults, http, proven

IDENTITY: Final = (
    Mutant(
        name="sessions that outlive a deactivation",
        at="accounts_core/use_cases/identity/deactivate.py::Deactivate.__call__.attempt",
        old="await work.sessions.delete_for_user(user_id)",
        new="",
        check=faults("deactivating"),
    ),
    Mutant(
        name="mailed tokens that outlive a deactivation",
        at="accounts_core/use_cases/identity/deactivate.py::Deactivate.__call__.attempt",
        old="await work.mail_tokens.delete_for_user(user_id)",
        new="",
        check=faults("deactivating"),
    ),
    Mutant(
        name="a deactivation that is committed before its sessions end",
        at="accounts_core/use_cases/identity/deactivate.py::Deactivate.__call__.attempt",
        old=(
            "async with self._store.begin() as work:\n"
            "    now = self._clock.now()\n"
            "    user = (await work.users.get(user_id, lock=True)).deactivate(at=now)\n"
            "    saved = await work.users.save(user)\n"
            "    await work.sessions.delete_for_user(user_id)\n"
            "    await work.mail_tokens.delete_for_user(user_id)\n"
            "    work.record(UserDeactivated(user_id=user_id, at=now, by=by, tell=user.verified_email))"
        ),
        new=(
            "async with self._store.begin() as work:\n"
            "    now = self._clock.now()\n"
            "    user = (await work.users.get(user_id, lock=True)).deactivate(at=now)\n"
            "    saved = await work.users.save(user)\n"
            "async with self._store.begin() as work:\n"
            "    await work.sessions.delete_for_user(user_id)\n"
            "    await work.mail_tokens.delete_for_user(user_id)\n"
            "    work.record(UserDeactivated(user_id=user_id, at=now, by=by, tell=user.verified_email))"
        ),
        check=faults("deactivating"),
    ),
    Mutant(
        name="a token that works for ever",
        at="accounts_core/use_cases/sessions/authenticate.py::Authenticate.admit",
        old="not user.is_active or not session.is_live(now=now, policy=self._policy.sessions)",
        new="not user.is_active",
        check=core("use_cases/test_register_and_sign_in.py::test_a_session_ends_when_it_is_idle"),
    ),
    Mutant(
        name="a session that lives as long as it is used",
        at="accounts_core/model/session.py::Session.is_live",
        old="now < self.expires_at and now - self.last_used_at < policy.idle",
        new="now - self.last_used_at < policy.idle",
        check=core("use_cases/test_register_and_sign_in.py::test_a_session_ends_at_its_absolute_age"),
    ),
    Mutant(
        name="sessions that outlive a change of the password",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._change",
        old="await work.sessions.delete_for_user(user.id, keep=keep_session)",
        new="",
        check=faults("changing everything of a profile"),
    ),
    Mutant(
        name="mailed tokens that outlive a change of the password",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._change",
        old=(
            "await work.sessions.delete_for_user(user.id, keep=keep_session)\nawait "
            "work.mail_tokens.delete_for_user(user.id)"
        ),
        new="await work.sessions.delete_for_user(user.id, keep=keep_session)",
        check=faults("changing the password"),
    ),
    Mutant(
        name="sessions that outlive a reset",
        at="accounts_core/use_cases/identity/reset_password.py::ResetPassword._change",
        old="await work.sessions.delete_for_user(user.id)",
        new="",
        check=faults("choosing a new password by mail"),
    ),
    Mutant(
        name="a reset token that works twice",
        at="accounts_core/use_cases/identity/reset_password.py::ResetPassword._change",
        old="await work.mail_tokens.delete_for_user(user.id)",
        new="",
        check=faults("choosing a new password by mail"),
    ),
    Mutant(
        name="a mailed token that never expires",
        at="accounts_core/services/mail_token_verifier.py::MailTokenVerifier.find",
        old="found is None or found.purpose is not purpose or (not found.is_live(now=self._clock.now()))",
        new="found is None or found.purpose is not purpose",
        check=http(
            "test_recovery.py::test_a_token_that_is_no_longer_good_is_refused_and_nothing_changes[memory-expired]"
        ),
    ),
    Mutant(
        name="a token to prove an address with, that also sets a password",
        at="accounts_core/services/mail_token_verifier.py::MailTokenVerifier.find",
        old="found is None or found.purpose is not purpose or (not found.is_live(now=self._clock.now()))",
        new="found is None or not found.is_live(now=self._clock.now())",
        check=http(
            "test_recovery.py::test_a_token_that_is_no_longer_good_is_refused_and_nothing_changes[memory-wrong kind]"
        ),
    ),
    Mutant(
        name="a mail to reset a password that changed since it was asked for",
        at="accounts_core/outbox/mail_jobs.py::MailJobs._mail_token.keep",
        old="is_older or not is_theirs",
        new="not is_theirs",
        check=http("test_recovery.py::test_a_mail_that_was_asked_for_before_a_password_change_brings_no_token[memory]"),
    ),
    Mutant(
        name="a session that is opened on a password that was changed meanwhile",
        at="accounts_core/services/credentials.py::Credentials.lock",
        old="(user.password_hash, user.status) != (proven.password_hash, proven.status)",
        new="user.status != proven.status",
        check=proven("signing in"),
    ),
    Mutant(
        name="a session that is opened while its user is deactivated",
        at="accounts_core/services/credentials.py::Credentials.lock",
        old="(user.password_hash, user.status) != (proven.password_hash, proven.status)",
        new="user.password_hash != proven.password_hash",
        check=proven("signing in"),
    ),
    Mutant(
        name="a sign-in that does not lock the user",
        at="accounts_core/services/credentials.py::Credentials.lock",
        old="work.users.get(proven.id, lock=True)",
        new="work.users.get(proven.id)",
        check=proven("signing in"),
    ),
    Mutant(
        name="a stolen token that ends the other sessions without the password",
        at="accounts_core/use_cases/sessions/end_sessions.py::EndSessions._check",
        old="await self._reauthentication.check(user, Password(current_password, field='current_password'), client)",
        new="",
        check=http("test_recovery.py::test_to_end_others_needs_a_recent_sign_in_or_the_password[memory]"),
    ),
    Mutant(
        name="a profile that is changed on what was true a moment ago",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile.__call__.attempt",
        old="current.version != user.version",
        new="current.status != user.status",
        check=proven("changing the password"),
    ),
    Mutant(
        name="a sensitive change without proof",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._check_proof",
        old="change.password is not None or moves_email",
        new="moves_email",
        check=core("use_cases/test_update_profile.py::test_a_sensitive_change_without_proof_is_refused[change0]"),
    ),
    Mutant(
        name="an address that another has proven, to be waited for",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._move",
        old="holder.id != user.id",
        new="holder.id == user.id",
        check=core("use_cases/test_update_profile.py::test_an_address_of_somebody_else_is_taken[True]"),
    ),
    Mutant(
        name="an account that is signed up for again, and taken over",
        at="accounts_core/outbox/sign_up_jobs.py::SignUpJobs._enter",
        old=(
            "linked = sign_up.mail_link(digest, expires_at=now + self._policy.mail.verification)\n"
            "await work.sign_ups.save(linked)\n"
            "return linked"
        ),
        new=(
            "if not holder.is_email_verified:\n"
            "    await work.users.save(holder.change_password(sign_up.password_hash, at=now))\n"
            "else:\n"
            "    linked = sign_up.mail_link(digest, expires_at=now + self._policy.mail.verification)\n"
            "    await work.sign_ups.save(linked)\n"
            "    return linked"
        ),
        check=core(
            "use_cases/test_verify_email.py"
            "::test_a6_whoever_signs_up_last_does_not_get_the_account_that_the_owner_confirms"
        ),
    ),
    Mutant(
        name="a reset that goes to the address that was typed",
        at="accounts_core/outbox/mail_jobs.py::MailJobs.recovery",
        old="user.email",
        new="email",
        check="tests/security/test_email_identity.py::test_case_10_spellings_of_one_address_are_one_person[memory]",
    ),
    Mutant(
        name="more sessions than a user may have",
        at="accounts_core/services/session_opener.py::SessionOpener.open",
        old="await work.sessions.delete_oldest_for_user(user.id, keep=self._policy.sessions.most - 1)",
        new="",
        check=core("use_cases/test_register_and_sign_in.py::test_the_oldest_session_ends_where_there_is_one_too_many"),
    ),
    Mutant(
        name="a newer hash of another password",
        at="accounts_core/services/credentials.py::Credentials.rehashed",
        old="password",
        new="Password(password.text[:16])",
        check=faults("signing in after an upgrade"),
    ),
    Mutant(
        name="an owner who leaves, and nobody owns the team",
        at="accounts_core/use_cases/teams/remove_team_member.py::RemoveTeamMember.__call__.attempt",
        old="member_id == team.owner_id",
        new="member_id == team.owner_id and role is not Role.OWNER",
        check=core("use_cases/test_teams.py::test_the_owner_removes_anyone_but_themself"),
    ),
    Mutant(
        name="an invitation that whoever merely registered the address may take",
        at="accounts_core/services/open_invitations.py::open_invitation_to",
        old="view is None or user.email_verified_at is None or view.invitation.email != user.email",
        new="view is None or view.invitation.email != user.email",
        check=core("use_cases/test_teams.py::test_whoever_merely_registered_an_address_cannot_answer_its_invitations"),
    ),
)
