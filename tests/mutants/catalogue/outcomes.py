"""What follows from what people do: entries of the trail, mails, sessions and links that end."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_FOLLOWS: Final = "use_cases/test_what_follows.py::test_what_follows"
_SCHEMAS: Final = "tests/unit/adapters/test_bodies_and_schemas.py"

OUTCOMES: Final = (
    Mutant(
        name="a reset that verifies whatever address waits",
        at="accounts_core/use_cases/identity/reset_password.py::ResetPassword._change",
        old="waiting is not None and user.pending_email is None and token.email.is_same_mailbox(waiting)",
        new="waiting is not None",
        check=core(f"{_FOLLOWS}[reset the password while another address waits]"),
    ),
    Mutant(
        name="nobody is told at the old address when the change is immediate",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._change",
        old="user.email if may_tell else None",
        new="changed.verified_email",
        check=core(f"{_FOLLOWS}[change a verified address at once]"),
    ),
    Mutant(
        name="a restored account that nobody is told of",
        at="accounts_core/use_cases/identity/restore.py::Restore.__call__.attempt",
        old="UserRestored(user_id=user.id, at=now, tell=user.verified_email)",
        new="UserRestored(user_id=user.id, at=now)",
        check=core(f"{_FOLLOWS}[restore]"),
    ),
    Mutant(
        name="a deactivation by an operator that is put down to the user",
        at="accounts_core/use_cases/identity/deactivate.py::Deactivate.__call__.attempt",
        old="UserDeactivated(user_id=user_id, at=now, by=by, tell=user.verified_email)",
        new="UserDeactivated(user_id=user_id, at=now, tell=user.verified_email)",
        check=core(f"{_FOLLOWS}[deactivate, by an operator]"),
    ),
    Mutant(
        name="an operator's restoring that is put down to the user",
        at="accounts_core/use_cases/identity/reinstate.py::Reinstate.__call__.attempt",
        old="UserRestored(user_id=user_id, at=now, by=Actor.OPERATOR, tell=user.verified_email)",
        new="UserRestored(user_id=user_id, at=now, tell=user.verified_email)",
        check=core(f"{_FOLLOWS}[restore, by an operator]"),
    ),
    Mutant(
        name="a changed password that nobody is told of",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._change",
        old="PasswordChanged(user_id=user.id, at=now, tell=user.verified_email)",
        new="PasswordChanged(user_id=user.id, at=now)",
        check=core(f"{_FOLLOWS}[change the password]"),
    ),
    Mutant(
        name="a reset that is in the trail as a change",
        at="accounts_core/use_cases/identity/reset_password.py::ResetPassword._change",
        old="PasswordChanged(user_id=user.id, at=now, tell=changed.verified_email, is_reset=True)",
        new="PasswordChanged(user_id=user.id, at=now, tell=changed.verified_email)",
        check=core(f"{_FOLLOWS}[reset the password]"),
    ),
    Mutant(
        name="an account that is opened by a sign-up, and in no trail",
        at="accounts_core/outbox/sign_up_jobs.py::SignUpJobs._enter",
        old="work.record(UserRegistered(user_id=user.id, at=now, email=user.email, profile=profile))",
        new="",
        check=core(f"{_FOLLOWS}[sign up where registration is private]"),
    ),
    Mutant(
        name="sessions that are ended, and in no trail",
        at="accounts_core/use_cases/sessions/end_sessions.py::EndSessions.__call__.attempt",
        old="work.record(SessionsEnded(user_id=session.user_id, at=self._clock.now(), count=count))",
        new="",
        check=core(f"{_FOLLOWS}[end all other sessions]"),
    ),
    Mutant(
        name="a sign-in whose client is in no trail",
        at="accounts_core/use_cases/sessions/sign_in.py::SignIn.__call__.attempt",
        old="self._sessions.open(work, user, user_agent=user_agent, client=client)",
        new="self._sessions.open(work, user, user_agent=user_agent)",
        check=core(f"{_FOLLOWS}[sign in from the known device]"),
    ),
    Mutant(
        name="a restoring sign-in whose client is in no trail",
        at="accounts_core/use_cases/identity/restore.py::Restore.__call__.attempt",
        old="self._sessions.open(work, user, user_agent=user_agent, client=client)",
        new="self._sessions.open(work, user, user_agent=user_agent)",
        check=core(f"{_FOLLOWS}[restore]"),
    ),
    Mutant(
        name="a device that is new every time",
        at="accounts_core/services/session_opener.py::SessionOpener.open",
        old="is_new and await work.devices.count_for_user(user.id) > 1",
        new="await work.devices.count_for_user(user.id) > 1",
        check=core(f"{_FOLLOWS}[sign in again from another device]"),
    ),
    Mutant(
        name="a first device that is told of as a new one",
        at="accounts_core/services/session_opener.py::SessionOpener.open",
        old="is_new and await work.devices.count_for_user(user.id) > 1",
        new="is_new",
        check=core(f"{_FOLLOWS}[sign in for the first time]"),
    ),
    Mutant(
        name="a default that changes with a removed card, and in no trail",
        at="accounts_core/use_cases/cards/remove_payment_method.py::RemovePaymentMethod.__call__.attempt",
        old="work.record(DefaultCardChanged(user_id=user_id, at=now, payment_method=promoted))",
        new="",
        check=core(f"{_FOLLOWS}[remove the default card]"),
    ),
    Mutant(
        name="links that outlive a change of the address",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._change",
        old=(
            "await work.mail_tokens.delete_for_user(user.id)\n"
            "await self._outbox.enqueue_for_worker(work, VerificationMailJob(user=user.id))"
        ),
        new="await self._outbox.enqueue_for_worker(work, VerificationMailJob(user=user.id))",
        check=core(f"{_FOLLOWS}[change a verified address]"),
    ),
    Mutant(
        name="links that outlive a verification",
        at="accounts_core/services/email_verifier.py::EmailVerifier.verify_in",
        old="await work.mail_tokens.delete_for_user(before.id)",
        new="",
        check=core(f"{_FOLLOWS}[confirm another address]"),
    ),
    Mutant(
        name="an address that is not verified, swapped where registration is private",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._move",
        old="user.change_email(email, at=self._clock.now(), always_wait=True)",
        new="user.change_email(email, at=self._clock.now())",
        check=core(f"{_FOLLOWS}[reset the password while another address waits]"),
    ),
    Mutant(
        name="a stranger who is told the new address of whoever typed theirs",
        at="accounts_core/model/security_mails.py::security_mail_for",
        old="event.was_verified",
        new="True",
        check=core(f"{_FOLLOWS}[change an address that is not verified]"),
    ),
    Mutant(
        name="an address that is shown as verified because an earlier one was",
        at="entrypoints/accounts_http/schemas/account.py::current_user",
        old="user.email_verified_at is not None",
        new="user.is_email_verified",
        check=f"{_SCHEMAS}::test_an_address_is_not_shown_as_verified_because_an_earlier_one_was",
    ),
    Mutant(
        name="a password of a body that the log of its request may show",
        at="entrypoints/accounts_http/bodies.py::fill",
        old="conceal(values[field.attribute])",
        new="",
        check=f"{_SCHEMAS}::test_a_secret_of_a_body_is_kept_out_of_the_log_of_its_request[a password]",
    ),
    Mutant(
        name="an account that an operator deactivates, in the trail as its user's own doing",
        at="entrypoints/accounts_cli/users.py::deactivate_user",
        old="await accounts.deactivate((await find_user(accounts, email_or_id)).id, by=Actor.OPERATOR)",
        new="await accounts.deactivate((await find_user(accounts, email_or_id)).id)",
        check=(
            "tests/integration/cli/test_users.py"
            "::test_what_an_operator_does_to_an_account_is_the_operators_in_its_trail"
        ),
    ),
    Mutant(
        name="of two secrets that begin alike, the end of the longer one in the log",
        at="entrypoints/accounts_service/masking.py::Masker.__init__",
        old="sorted(forms, key=len, reverse=True)",
        new="sorted(forms, key=len)",
        check=(
            "tests/unit/service/test_logs.py::test_of_two_secrets_that_begin_alike_nothing_of_the_longer_one_is_left"
        ),
    ),
    Mutant(
        name="a second SIGTERM that cuts off what is under way",
        at="entrypoints/accounts_service/server.py::_Server.handle_exit",
        old="self.should_exit and sig == signal.SIGINT",
        new="self.should_exit",
        check="tests/unit/service/test_stopping.py",
    ),
)
