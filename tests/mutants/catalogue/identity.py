"""Who may come in, and for how long: addresses, passwords, sessions, mailed tokens, teams."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, faults, http, proven

_USE_CASES: Final = "accounts_core/use_cases"

IDENTITY: Final = (
    Mutant(
        name="sessions that outlive a deactivation",
        file=f"{_USE_CASES}/deactivate.py",
        old="                await work.sessions.remove_of(user_id)\n",
        new="",
        check=faults("deactivating"),
    ),
    Mutant(
        name="mailed tokens that outlive a deactivation",
        file=f"{_USE_CASES}/deactivate.py",
        old="                await work.mail_tokens.remove_of(user_id)\n",
        new="",
        check=faults("deactivating"),
    ),
    Mutant(
        name="a deactivation that is committed before its sessions end",
        file=f"{_USE_CASES}/deactivate.py",
        old=(
            "                saved = await work.users.save(user)\n"
            "                await work.sessions.remove_of(user_id)\n"
        ),
        new=(
            "                saved = await work.users.save(user)\n"
            "            async with self._store.begin() as work:\n"
            "                await work.sessions.remove_of(user_id)\n"
        ),
        check=faults("deactivating"),
    ),
    Mutant(
        name="a token that works for ever",
        file=f"{_USE_CASES}/authenticate.py",
        old="        if not user.is_active or not session.is_live(now=now, policy=self._policy.sessions):",
        new="        if not user.is_active:",
        check=core("use_cases/test_register_and_sign_in.py::test_a_session_ends_when_it_is_idle"),
    ),
    Mutant(
        name="a session that lives as long as it is used",
        file="accounts_core/model/session.py",
        old="        return now < self.expires_at and now - self.last_used_at < policy.idle",
        new="        return now - self.last_used_at < policy.idle",
        check=core("use_cases/test_register_and_sign_in.py::test_a_session_ends_at_its_absolute_age"),
    ),
    Mutant(
        name="sessions that outlive a change of the password",
        file=f"{_USE_CASES}/update_profile.py",
        old="            await work.sessions.remove_of(user.id, keep=keep_session)\n",
        new="",
        check=faults("changing everything of a profile"),
    ),
    Mutant(
        name="mailed tokens that outlive a change of the password",
        file=f"{_USE_CASES}/update_profile.py",
        old=(
            "            await work.sessions.remove_of(user.id, keep=keep_session)\n"
            "            await work.mail_tokens.remove_of(user.id)\n"
        ),
        new="            await work.sessions.remove_of(user.id, keep=keep_session)\n",
        check=faults("changing the password"),
    ),
    Mutant(
        name="sessions that outlive a reset",
        file=f"{_USE_CASES}/recovery.py",
        old="        await work.sessions.remove_of(user.id)\n",
        new="",
        check=faults("choosing a new password by mail"),
    ),
    Mutant(
        name="a reset token that works twice",
        file=f"{_USE_CASES}/recovery.py",
        old="        await work.mail_tokens.remove_of(user.id)\n",
        new="",
        check=faults("choosing a new password by mail"),
    ),
    Mutant(
        name="a mailed token that never expires",
        file=f"{_USE_CASES}/recovery.py",
        old=" or not found.is_live(now=self._clock.now())",
        new="",
        check=http(
            "test_recovery.py::test_a_token_that_is_no_longer_good_is_refused_and_nothing_changes[memory-expired]"
        ),
    ),
    Mutant(
        name="a token to prove an address with, that also sets a password",
        file=f"{_USE_CASES}/recovery.py",
        old=" or found.purpose is not purpose",
        new="",
        check=http(
            "test_recovery.py::test_a_token_that_is_no_longer_good_is_refused_and_nothing_changes[memory-wrong kind]"
        ),
    ),
    Mutant(
        name="a mail to reset a password that changed since it was asked for",
        file=f"{_USE_CASES}/mailing.py",
        old="if is_older or not is_theirs:",
        new="if not is_theirs:",
        check=http("test_recovery.py::test_a_mail_that_was_asked_for_before_a_password_change_brings_no_token[memory]"),
    ),
    Mutant(
        name="a session that is opened on a password that was changed meanwhile",
        file=f"{_USE_CASES}/credentials.py",
        old="        if (user.password_hash, user.status) != (proven.password_hash, proven.status):\n",
        new="        if user.status != proven.status:\n",
        check=proven("signing in"),
    ),
    Mutant(
        name="a session that is opened while its user is deactivated",
        file=f"{_USE_CASES}/credentials.py",
        old="        if (user.password_hash, user.status) != (proven.password_hash, proven.status):\n",
        new="        if user.password_hash != proven.password_hash:\n",
        check=proven("signing in"),
    ),
    Mutant(
        name="a sign-in that does not lock the user",
        file=f"{_USE_CASES}/credentials.py",
        old="            user = await work.users.get(proven.id, lock=True)\n",
        new="            user = await work.users.get(proven.id)\n",
        check=proven("signing in"),
    ),
    Mutant(
        name="a stolen token that ends the other sessions without the password",
        file=f"{_USE_CASES}/sessions.py",
        old='        await self._proofs.check(user, Password(current_password, field="current_password"), client)\n',
        new="",
        check=http("test_recovery.py::test_to_end_others_needs_a_recent_sign_in_or_the_password[memory]"),
    ),
    Mutant(
        name="a profile that is changed on what was true a moment ago",
        file=f"{_USE_CASES}/update_profile.py",
        old="                if current.version != user.version:",
        new="                if current.status != user.status:",
        check=proven("changing the password"),
    ),
    Mutant(
        name="a sensitive change without proof",
        file=f"{_USE_CASES}/update_profile.py",
        old="        if proof is None and (wish.password is not None or moves_email) and not is_recent:",
        new="        if proof is None and moves_email and not is_recent:",
        check=core("use_cases/test_update_profile.py::test_a_sensitive_change_without_proof_is_refused[change0]"),
    ),
    Mutant(
        name="an address that another has proven, to be waited for",
        file=f"{_USE_CASES}/update_profile.py",
        old="        if holder is not None and holder.id != user.id:\n",
        new="        if holder is not None and holder.id == user.id:\n",
        check=core("use_cases/test_update_profile.py::test_an_address_of_somebody_else_is_taken[True]"),
    ),
    Mutant(
        name="an account that is signed up for again, and taken over",
        file=f"{_USE_CASES}/mailing.py",
        old="            else:\n                linked",
        new=(
            "            elif not holder.is_proven:\n"
            "                await work.users.save(holder.change_password(sign_up.password_hash, at=now))\n"
            "            else:\n                linked"
        ),
        check=core(
            "use_cases/test_confirm_email.py"
            "::test_a6_whoever_signs_up_last_does_not_get_the_account_that_the_owner_confirms"
        ),
    ),
    Mutant(
        name="a reset that goes to the address that was typed",
        file=f"{_USE_CASES}/mailing.py",
        old="            await self._mail_token(job, user.id, user.email, TokenPurpose.RESET_PASSWORD)",
        new="            await self._mail_token(job, user.id, email, TokenPurpose.RESET_PASSWORD)",
        check="tests/security/test_email_identity.py::test_case_10_spellings_of_one_address_are_one_person[memory]",
    ),
    Mutant(
        name="more sessions than a user may have",
        file=f"{_USE_CASES}/credentials.py",
        old="        await work.sessions.remove_oldest_of(user.id, keep=self._policy.sessions.most - 1)\n",
        new="",
        check=core("use_cases/test_register_and_sign_in.py::test_the_oldest_session_ends_where_there_is_one_too_many"),
    ),
    Mutant(
        name="a newer hash of another password",
        file=f"{_USE_CASES}/credentials.py",
        old="        return user.rehash(await self._passwords.hash(password, requester=requester))",
        new="        return user.rehash(await self._passwords.hash(Password(password.text[:16]), requester=requester))",
        check=faults("signing in after an upgrade"),
    ),
    Mutant(
        name="an owner who leaves, and nobody owns the team",
        file=f"{_USE_CASES}/teams/members.py",
        old="                if member_id == team.owner_id:\n",
        new="                if member_id == team.owner_id and role is not Role.OWNER:\n",
        check=core("use_cases/test_teams.py::test_the_owner_removes_anyone_but_themself"),
    ),
    Mutant(
        name="an invitation that whoever merely registered the address may take",
        file=f"{_USE_CASES}/teams/invitations.py",
        old="    if view is None or user.email_verified_at is None or view.invitation.email != user.email:",
        new="    if view is None or view.invitation.email != user.email:",
        check=core("use_cases/test_teams.py::test_whoever_merely_registered_an_address_cannot_answer_its_invitations"),
    ),
)
