"""Whose an address is, and what strangers are mailed."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, sql_contract

_USE_CASES: Final = "accounts_core/use_cases"
_CONFIRM: Final = f"{_USE_CASES}/confirm_email.py"
_CONFIRMING: Final = "use_cases/test_confirm_email.py"
_MAILS: Final = "use_cases/test_mail_to_strangers.py"
_FIRST: Final = core(
    f"{_CONFIRMING}::test_f2_whoever_signed_up_first_does_not_share_the_account_once_the_owner_confirms"
)

SIGN_UPS: Final = (
    Mutant(
        name="a link that verifies without anything else",
        file=_CONFIRM,
        old="            if link.user is not None and link.user.id == user_id:\n",
        new="            if link.user is not None and (user_id is None or link.user.id == user_id):\n",
        check=_FIRST,
    ),
    Mutant(
        name="a link that anybody's access token completes",
        file=_CONFIRM,
        old="            if link.user is not None and link.user.id == user_id:\n",
        new="            if link.user is not None and user_id is not None:\n",
        check=core(f"{_CONFIRMING}::test_another_users_token_proves_nothing"),
    ),
    Mutant(
        name="sessions that outlive a confirmation by password",
        file=_CONFIRM,
        old="                if proof is _Proof.ACCOUNT_PASSWORD:\n",
        new="                if proof is _Proof.ACCESS_TOKEN:\n",
        check=core(f"{_CONFIRMING}::test_the_accounts_own_password_ends_the_accounts_sessions"),
    ),
    Mutant(
        name="the password of a sign-up that verifies the account in its way",
        file=_CONFIRM,
        old="            return _Proof.SIGN_UP_PASSWORD\n",
        new="            return _Proof.ACCOUNT_PASSWORD\n",
        check=_FIRST,
    ),
    Mutant(
        name="passwords that are tried with a link and not counted",
        file=_CONFIRM,
        old="            await self._attempts.sign_in(link.account, client)\n",
        new="            pass\n",
        check=core(f"{_CONFIRMING}::test_a_wrong_password_is_counted_and_leaves_the_link_good"),
    ),
    Mutant(
        name="a customer left behind by the account that a sign-up replaces",
        file=_CONFIRM,
        old="        return user, jobs\n\n    async def _proof_of",
        new="        return user, ()\n\n    async def _proof_of",
        check=core(f"{_CONFIRMING}::test_the_account_in_the_way_is_deleted_as_its_user_would"),
    ),
    Mutant(
        name="sign-ups that outlive the proof of their address",
        file=f"{_USE_CASES}/verify_email.py",
        old="        await work.sign_ups.delete_for_email(user.email)\n",
        new="",
        check=core(f"{_CONFIRMING}::test_a_link_works_once_and_every_other_of_the_address_dies_with_it"),
    ),
    Mutant(
        name="mail to somebody with a verified address for each sign-up of theirs",
        file=f"{_USE_CASES}/register.py",
        old="                if holder.email_verified_at is None and holder.email.is_same_mailbox(applicant.email):\n",
        new="                if holder.email.is_same_mailbox(applicant.email):\n",
        check=core(f"{_CONFIRMING}::test_f11_a_sign_up_that_is_repeated_is_answered_the_same_and_mailed_again"),
    ),
    Mutant(
        name="a link for a spelling that may be another mailbox",
        file=f"{_USE_CASES}/mailing.py",
        old="    return holder.email_verified_at is not None or not holder.email.is_same_mailbox(email)\n",
        new="    return holder.email_verified_at is not None\n",
        check=core(f"{_CONFIRMING}::test_a_spelling_of_the_address_that_may_be_another_mailbox_gets_no_link"),
    ),
    Mutant(
        name="sign-ups that are mailed without end",
        file=f"{_USE_CASES}/register.py",
        old="        if not applicant.may_mail:\n            return\n",
        new="",
        check=core(f"{_CONFIRMING}::test_sign_ups_are_mailed_under_the_recipients_limit_with_their_answers_unchanged"),
    ),
    Mutant(
        name="an unverified sender whose invitations are mailed",
        file=f"{_USE_CASES}/teams/invitations.py",
        old="        may_mail = is_verified and await self._attempts.may_mail(address)\n",
        new="        may_mail = is_verified or await self._attempts.may_mail(address)\n",
        check=core(f"{_MAILS}::test_a5_whatever_causes_a_mail_counts_for_its_recipient"),
    ),
    Mutant(
        name="invitations that wait for ever",
        file=f"{_USE_CASES}/verify_email.py",
        old="        if await work.teams.unmailed_invitations_by(user.id, limit=1):\n",
        new="        if await work.teams.unmailed_invitations_by(user.id, limit=0):\n",
        check=core(f"{_MAILS}::test_a5_three_unverified_accounts_send_a_stranger_nothing_until_they_are_verified"),
    ),
    Mutant(
        name="an unverified address that a stolen token moves",
        file=f"{_USE_CASES}/update_profile.py",
        old="        moves_email = wish.email is not None and wish.email.address != user.email.address\n",
        new=(
            "        moves_email = wish.email is not None and user.email_verified_at is not None"
            " and wish.email != user.email\n"
        ),
        check=core(f"{_MAILS}::test_a11_any_change_of_the_address_needs_the_password_or_a_recent_sign_in"),
    ),
    Mutant(
        name="an unverified address that is not told of its replacement",
        file=f"{_USE_CASES}/update_profile.py",
        old="                        tell=user.email if may_tell else None,\n",
        new="                        tell=user.proven_email if may_tell else None,\n",
        check=core(f"{_MAILS}::test_a11_the_old_address_is_told_of_the_change_even_if_it_was_never_verified"),
    ),
    Mutant(
        name="an account that ends though its earlier address was verified",
        file="adapters/accounts_sql/repositories/users.py",
        old="        ~users.c.was_verified,\n",
        new="",
        check=sql_contract(
            "TestUnverified::test_old_users_who_never_had_a_verified_address_are_listed_page_by_page[sqlite3]"
        ),
    ),
)
