"""What becomes of a mail: whose fault a refusal is, whose trail it is in, and which spelling of an address gets it."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_FOLLOWS: Final = "use_cases/test_what_follows.py::test_what_follows"
_LOOKALIKES: Final = "use_cases/test_lookalikes.py"
_UNDELIVERABLE: Final = "use_cases/test_undeliverable.py"
_LANGUAGES: Final = "use_cases/test_mail_languages.py"
_REFUSALS: Final = "tests/integration/smtp/test_refusals.py"

MAILS: Final = (
    Mutant(
        name="smtp: a refusal of any command is the recipient's",
        at="adapters/accounts_smtp/replies.py::Reply.is_about_recipient",
        old="self.command is Command.OTHER or self.code not in _PERMANENT",
        new="self.code not in _PERMANENT",
        check="tests/unit/adapters/test_smtp_replies.py::test_f3_no_refusal_of_another_command_is_the_recipients",
    ),
    Mutant(
        name="smtp: a refusal for now is the recipient's",
        at="adapters/accounts_smtp/replies.py::Reply.is_about_recipient",
        old="self.command is Command.OTHER or self.code not in _PERMANENT",
        new="self.command is Command.OTHER",
        check="tests/unit/adapters/test_smtp_replies.py::test_f3_what_is_refused_for_now_is_tried_again",
    ),
    Mutant(
        name="smtp: a policy against us is the recipient's",
        at="adapters/accounts_smtp/replies.py::Reply.is_about_recipient",
        old="detail in _RECIPIENTS",
        new="True",
        check="tests/unit/adapters/test_smtp_replies.py::test_f3_the_enhanced_status_code_decides_whatever_the_code",
    ),
    Mutant(
        name="smtp: a mailbox that is not there is tried again for a day",
        at="adapters/accounts_smtp/replies.py::Reply.to_error",
        old="self.is_about_recipient",
        new="False",
        check=f"{_REFUSALS}::test_f3_what_concerns_the_recipient_is_undeliverable[SmtpMailer-no such mailbox]",
    ),
    Mutant(
        name="smtp: a recipient's refusal that is told as another command's",
        at="adapters/accounts_smtp/smtp.py",
        old="{aiosmtplib.SMTPRecipientRefused: Command.RCPT, aiosmtplib.SMTPDataError: Command.DATA}",
        new="{aiosmtplib.SMTPDataError: Command.DATA}",
        check=f"{_REFUSALS}::test_f3_what_concerns_the_recipient_is_undeliverable[SmtpMailer-no such mailbox]",
    ),
    Mutant(
        name="smtp: an address beyond ASCII that is tried again for a day",
        at="adapters/accounts_smtp/smtp.py::_send",
        old="sender.isascii() and server.supports_esmtp",
        new="False",
        check=f"{_REFUSALS}::test_f3_an_address_beyond_ascii_is_undeliverable_where_the_server_takes_none[SmtpMailer]",
    ),
    Mutant(
        name="smtp: an own address that is taken for the recipient's fault",
        at="adapters/accounts_smtp/smtp.py::_send",
        old="sender.isascii() and server.supports_esmtp",
        new="server.supports_esmtp",
        check=f"{_REFUSALS}::test_f3_a_sender_beyond_ascii_concerns_us_and_so_does_a_server_that_refused_to_say_what_it_supports[SmtpMailer]",
    ),
    Mutant(
        name="smtp: a refused EHLO that is taken for the recipient's fault",
        at="adapters/accounts_smtp/smtp.py::_send",
        old="sender.isascii() and server.supports_esmtp",
        new="sender.isascii()",
        check=f"{_REFUSALS}::test_f3_a_sender_beyond_ascii_concerns_us_and_so_does_a_server_that_refused_to_say_what_it_supports[SmtpMailer]",
    ),
    Mutant(
        name="smtp: mail in the clear where STARTTLS is stripped",
        at="adapters/accounts_smtp/smtp.py::SmtpMailer._client",
        old="self.url.is_loopback",
        new="self.url.is_loopback or self.url.user is None",
        check="tests/integration/smtp/test_smtp_mailer.py::test_nothing_is_sent_in_the_clear_to_another_machine",
    ),
    Mutant(
        name="an undeliverable mail that waits for an operator",
        at="accounts_core/outbox/worker.py::RunWorker._run",
        old=(
            "try:\n"
            "    again = await self._handlers.perform(job)\n"
            "except NotDelivered as failure:\n"
            "    undelivered = failure\n"
            "except Exception as error:\n"
            "    return await self._failed(job, error, ran)"
        ),
        new=(
            "try:\n"
            "    again = await self._handlers.perform(job)\n"
            "except Exception as error:\n"
            "    return await self._failed(job, error, ran)"
        ),
        check=core(f"{_FOLLOWS}[a mail that cannot be delivered]"),
    ),
    Mutant(
        name="an undeliverable mail that nobody hears of",
        at="accounts_core/outbox/worker.py::RunWorker._run.end",
        old="undelivered is not None",
        new="False",
        check=core(f"{_FOLLOWS}[a mail that cannot be delivered]"),
    ),
    Mutant(
        name="an undeliverable mail that is in the requester's trail",
        at="accounts_core/outbox/mail_jobs.py::MailJobs.verification",
        old="self._mails.deliver(job, holder.email, MailKind.ALREADY_REGISTERED, {}, Recipient.of(holder))",
        new="self._mails.deliver(job, holder.email, MailKind.ALREADY_REGISTERED, {}, Recipient.of(user))",
        check=core(f"{_UNDELIVERABLE}::test_whoever_waits_for_anothers_address_does_not_learn_of_it"),
    ),
    Mutant(
        name="an undeliverable sign-up in the trail of whoever has the address",
        at="accounts_core/outbox/sign_up_jobs.py::SignUpJobs.sign_up",
        old="Recipient.without_id(sign_up)",
        new="Recipient(user_id=1)",
        check=core(f"{_UNDELIVERABLE}::test_a_sign_up_of_a_strangers_is_in_nobodys_trail"),
    ),
    Mutant(
        name="an undeliverable invitation in the trail of whoever registered the address",
        at="accounts_core/outbox/mail_jobs.py::MailJobs.invitation",
        old="Recipient.without_id(inviter)",
        new="Recipient.of(holder)",
        check=core(f"{_UNDELIVERABLE}::test_an_invitation_is_in_the_trail_of_whoever_has_proven_the_address_alone"),
    ),
    Mutant(
        name="a security mail without the user's language",
        at="accounts_core/outbox/mail_jobs.py::MailJobs.security_mail",
        old="Recipient.of(await reader.users.find(data.user))",
        new="Recipient(user_id=data.user)",
        check=core(f"{_LANGUAGES}::test_a_security_mail_is_in_the_language_that_the_user_has_when_it_is_sent"),
    ),
    Mutant(
        name="an invitation in the language of whoever registered the address without proof",
        at="accounts_core/outbox/mail_jobs.py::MailJobs.invitation",
        old="Recipient.without_id(inviter)",
        new="Recipient.without_id(holder or inviter)",
        check=core(f"{_LANGUAGES}::test_an_invitation_to_an_unproven_address_is_in_the_inviters_language"),
    ),
    Mutant(
        name="a sign-up's mail without its language",
        at="accounts_core/outbox/sign_up_jobs.py::SignUpJobs.sign_up",
        old="Recipient.without_id(sign_up)",
        new="NOBODY",
        check=core(f"{_LANGUAGES}::test_the_link_of_a_sign_up_is_in_the_sign_ups_language"),
    ),
    Mutant(
        name="you have an account already, told to the spelling that was typed",
        at="accounts_core/outbox/sign_up_jobs.py::SignUpJobs._enter",
        old="holder.email",
        new="sign_up.email",
        check=core(f"{_LOOKALIKES}::test_u18_whoever_signs_up_with_it_has_the_stored_address_told"),
    ),
    Mutant(
        name="an address that is taken, told to the spelling that waits",
        at="accounts_core/outbox/mail_jobs.py::MailJobs.verification",
        old="holder.email",
        new="user.unverified_email",
        check=core(f"{_LOOKALIKES}::test_a19_whoever_goes_to_it_has_the_stored_address_told_or_is_refused"),
    ),
    Mutant(
        name="an invitation that goes to the spelling that was typed",
        at="accounts_core/outbox/mail_jobs.py::MailJobs.invitation",
        old="view.invitation.email if proven.is_same_mailbox(view.invitation.email) else proven",
        new="view.invitation.email",
        check=core(
            f"{_LOOKALIKES}::test_a19_an_invitation_to_it_goes_to_the_stored_address_once_that_is_verified_and_nowhere_before"
        ),
    ),
    Mutant(
        name="an invitation to another spelling that is parked because the address is not verified",
        at="accounts_core/outbox/mail_jobs.py::MailJobs.invitation",
        old="holder is None or holder.email.is_same_mailbox(view.invitation.email)",
        new="True",
        check=core(
            f"{_LOOKALIKES}::test_a19_an_invitation_to_it_goes_to_the_stored_address_once_that_is_verified_and_nowhere_before"
        ),
    ),
    Mutant(
        name="a reset that proves another spelling",
        at="accounts_core/use_cases/identity/reset_password.py::ResetPassword._change",
        old="token.email.is_same_mailbox(waiting)",
        new="token.email == waiting",
        check=core(f"{_LOOKALIKES}::test_a19_a_link_for_a_new_password_proves_no_other_spelling"),
    ),
    Mutant(
        name="an account's key with blanks in it",
        at="accounts_core/model/email_address.py::EmailAddress.__attrs_post_init__",
        old="not _is_local_part(local) or not _is_local_part(key) or (not _DOMAIN.fullmatch(domain))",
        new="not _is_local_part(local) or not _DOMAIN.fullmatch(domain)",
        check=core("model/test_email.py::test_m01_an_address_whose_key_would_be_none_is_refused"),
    ),
    Mutant(
        name="one's own name in full-width letters as a password",
        at="accounts_core/model/passwords.py::_squeezed",
        old="'NFKC'",
        new="'NFC'",
        check=core("model/test_passwords.py::test_m02_no_spelling_of_ones_own_name_is_a_password"),
    ),
)
