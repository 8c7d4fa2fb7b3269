"""Whose an address is, and what strangers are mailed."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, sql_contract

_CONFIRM: Final = "accounts_core/use_cases/identity/verify_email.py"
_CONFIRMING: Final = "use_cases/test_verify_email.py"
_MAILS: Final = "use_cases/test_mail_to_strangers.py"
_FIRST: Final = core(
    f"{_CONFIRMING}::test_f2_whoever_signed_up_first_does_not_share_the_account_once_the_owner_confirms"
)

SIGN_UPS: Final = (
    Mutant(
        name="a link that verifies without anything else",
        at="accounts_core/use_cases/identity/verify_email.py::VerifyEmail.__call__.attempt",
        old="link.user.id == user_id",
        new="user_id is None or link.user.id == user_id",
        check=_FIRST,
    ),
    Mutant(
        name="a link that anybody's access token completes",
        at="accounts_core/use_cases/identity/verify_email.py::VerifyEmail.__call__.attempt",
        old="link.user.id == user_id",
        new="user_id is not None",
        check=core(f"{_CONFIRMING}::test_another_users_token_proves_nothing"),
    ),
    Mutant(
        name="sessions that outlive a confirmation by password",
        at="accounts_core/use_cases/identity/verify_email.py::VerifyEmail._confirm",
        old="_Proof.ACCOUNT_PASSWORD",
        new="_Proof.ACCESS_TOKEN",
        check=core(f"{_CONFIRMING}::test_the_accounts_own_password_ends_the_accounts_sessions"),
    ),
    Mutant(
        name="the password of a sign-up that verifies the account in its way",
        at="accounts_core/use_cases/identity/verify_email.py::VerifyEmail._proof_of",
        old="_Proof.SIGN_UP_PASSWORD",
        new="_Proof.ACCOUNT_PASSWORD",
        check=_FIRST,
    ),
    Mutant(
        name="passwords that are tried with a link and not counted",
        at="accounts_core/use_cases/identity/verify_email.py::VerifyEmail._count",
        old="await self._rate_limits.consume_sign_in(link.account, client)",
        new="",
        check=core(f"{_CONFIRMING}::test_a_wrong_password_is_counted_and_leaves_the_link_good"),
    ),
    Mutant(
        name="a customer left behind by the account that a sign-up replaces",
        at="accounts_core/use_cases/identity/verify_email.py::VerifyEmail._open",
        old="(user, jobs)",
        new="(user, ())",
        check=core(f"{_CONFIRMING}::test_the_account_in_the_way_is_deleted_as_its_user_would"),
    ),
    Mutant(
        name="sign-ups that outlive the proof of their address",
        at="accounts_core/services/email_verifier.py::EmailVerifier.follow",
        old="await work.sign_ups.delete_for_email(user.email)",
        new="",
        check=core(f"{_CONFIRMING}::test_a_link_works_once_and_every_other_of_the_address_dies_with_it"),
    ),
    Mutant(
        name="mail to somebody with a verified address for each sign-up of theirs",
        at="accounts_core/use_cases/identity/register.py::Register._enter",
        old="holder.email_verified_at is None and holder.email.is_same_mailbox(request.email)",
        new="holder.email.is_same_mailbox(request.email)",
        check=core(f"{_CONFIRMING}::test_f11_a_sign_up_that_is_repeated_is_answered_the_same_and_mailed_again"),
    ),
    Mutant(
        name="a link for a spelling that may be another mailbox",
        at="accounts_core/outbox/sign_up_jobs.py::_is_anothers",
        old="holder.email_verified_at is not None or not holder.email.is_same_mailbox(email)",
        new="holder.email_verified_at is not None",
        check=core(f"{_CONFIRMING}::test_a_spelling_of_the_address_that_may_be_another_mailbox_gets_no_link"),
    ),
    Mutant(
        name="sign-ups that are mailed without end",
        at="accounts_core/services/sign_up_requests.py::SignUpRequests.enqueue",
        old=("if not request.may_mail:\n    return"),
        new="",
        check=core(f"{_CONFIRMING}::test_sign_ups_are_mailed_under_the_recipients_limit_with_their_answers_unchanged"),
    ),
    Mutant(
        name="an unverified sender whose invitations are mailed",
        at="accounts_core/services/inviter.py::Inviter.invite",
        old="is_verified and await self._rate_limits.try_consume_mail(address)",
        new="is_verified or await self._rate_limits.try_consume_mail(address)",
        check=core(f"{_MAILS}::test_a5_whatever_causes_a_mail_counts_for_its_recipient"),
    ),
    Mutant(
        name="invitations that wait for ever",
        at="accounts_core/services/email_verifier.py::EmailVerifier.follow",
        old="1",
        new="0",
        check=core(f"{_MAILS}::test_a5_three_unverified_accounts_send_a_stranger_nothing_until_they_are_verified"),
    ),
    Mutant(
        name="an unverified address that a stolen token moves",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._check_proof",
        old="change.email is not None and change.email.address != user.email.address",
        new="change.email is not None and user.email_verified_at is not None and (change.email != user.email)",
        check=core(f"{_MAILS}::test_a11_any_change_of_the_address_needs_the_password_or_a_recent_sign_in"),
    ),
    Mutant(
        name="an unverified address that is not told of its replacement",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._change",
        old="user.email if may_tell else None",
        new="user.verified_email if may_tell else None",
        check=core(f"{_MAILS}::test_a11_the_old_address_is_told_of_the_change_even_if_it_was_never_verified"),
    ),
    Mutant(
        name="an account that ends though its earlier address was verified",
        at="adapters/accounts_sql/repositories/users.py",
        old=(
            "sa.select(*rows.USER).where(\n"
            "    users.c.email_verified_at.is_(None),\n"
            "    ~users.c.was_verified,\n"
            "    users.c.customer_id.is_(None),\n"
            '    users.c.created_at < by_moment("before"),\n'
            '    users.c.id > by_number("after"),\n'
            "    ~sa.exists().where(sessions.c.user_id == users.c.id),\n"
            ")"
        ),
        new=(
            "sa.select(*rows.USER).where(\n"
            "    users.c.email_verified_at.is_(None),\n"
            "    users.c.customer_id.is_(None),\n"
            '    users.c.created_at < by_moment("before"),\n'
            '    users.c.id > by_number("after"),\n'
            "    ~sa.exists().where(sessions.c.user_id == users.c.id),\n"
            ")"
        ),
        check=sql_contract(
            "TestUnverified::test_old_users_who_never_had_a_verified_address_are_listed_page_by_page[sqlite3]"
        ),
    ),
)
