"""What becomes of a mail: whose fault a refusal is, whose trail it is in, and which spelling of an address gets it."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_FOLLOWS: Final = "use_cases/test_what_follows.py::test_what_follows"
_LOOKALIKES: Final = "use_cases/test_lookalikes.py"
_UNDELIVERABLE: Final = "use_cases/test_undeliverable.py"
_USE_CASES: Final = "accounts_core/use_cases"
_REFUSALS: Final = "tests/integration/smtp/test_refusals.py"

MAILS: Final = (
    Mutant(
        name="smtp: a refusal of any command is the recipient's",
        file="adapters/accounts_smtp/replies.py",
        old="        if self.command is Command.OTHER or self.code not in _PERMANENT:\n",
        new="        if self.code not in _PERMANENT:\n",
        check="tests/unit/adapters/test_smtp_replies.py::test_f3_no_refusal_of_another_command_is_the_recipients",
    ),
    Mutant(
        name="smtp: a refusal for now is the recipient's",
        file="adapters/accounts_smtp/replies.py",
        old="        if self.command is Command.OTHER or self.code not in _PERMANENT:\n",
        new="        if self.command is Command.OTHER:\n",
        check="tests/unit/adapters/test_smtp_replies.py::test_f3_what_is_refused_for_now_is_tried_again",
    ),
    Mutant(
        name="smtp: a policy against us is the recipient's",
        file="adapters/accounts_smtp/replies.py",
        old="            return detail in _RECIPIENTS\n        return",
        new="            return True\n        return",
        check="tests/unit/adapters/test_smtp_replies.py::test_f3_the_enhanced_status_code_decides_whatever_the_code",
    ),
    Mutant(
        name="smtp: a mailbox that is not there is tried again for a day",
        file="adapters/accounts_smtp/smtp.py",
        old="    if reply.is_about_recipient:\n",
        new="    if False:\n",
        check=f"{_REFUSALS}::test_f3_what_concerns_the_recipient_is_undeliverable[no such mailbox]",
    ),
    Mutant(
        name="smtp: a recipient's refusal that is told as another command's",
        file="adapters/accounts_smtp/smtp.py",
        old="{aiosmtplib.SMTPRecipientRefused: Command.RCPT, aiosmtplib.SMTPDataError: Command.DATA}",
        new="{aiosmtplib.SMTPDataError: Command.DATA}",
        check=f"{_REFUSALS}::test_f3_what_concerns_the_recipient_is_undeliverable[no such mailbox]",
    ),
    Mutant(
        name="smtp: an address beyond ASCII that is tried again for a day",
        file="adapters/accounts_smtp/smtp.py",
        old="        if sender.isascii() and server.supports_esmtp:\n",
        new="        if False:\n",
        check=f"{_REFUSALS}::test_f3_an_address_beyond_ascii_is_undeliverable_where_the_server_takes_none",
    ),
    Mutant(
        name="smtp: an own address that is taken for the recipient's fault",
        file="adapters/accounts_smtp/smtp.py",
        old="        if sender.isascii() and server.supports_esmtp:\n",
        new="        if server.supports_esmtp:\n",
        check=f"{_REFUSALS}::test_f3_a_sender_beyond_ascii_concerns_us_and_so_does_a_server_that_refused_to_say_what_it_supports",
    ),
    Mutant(
        name="smtp: a refused EHLO that is taken for the recipient's fault",
        file="adapters/accounts_smtp/smtp.py",
        old="        if sender.isascii() and server.supports_esmtp:\n",
        new="        if sender.isascii():\n",
        check=f"{_REFUSALS}::test_f3_a_sender_beyond_ascii_concerns_us_and_so_does_a_server_that_refused_to_say_what_it_supports",
    ),
    Mutant(
        name="smtp: mail in the clear where STARTTLS is stripped",
        file="adapters/accounts_smtp/smtp.py",
        old="None if self.url.is_loopback else True,",
        new="None if self.url.is_loopback or self.url.user is None else True,",
        check="tests/integration/smtp/test_smtp_notifier.py::test_nothing_is_sent_in_the_clear_to_another_machine",
    ),
    Mutant(
        name="an undeliverable mail that waits for an operator",
        file=f"{_USE_CASES}/outbox.py",
        old="        except NotDelivered as failure:\n            undelivered = failure\n",
        new="",
        check=core(f"{_FOLLOWS}[a mail that cannot be delivered]"),
    ),
    Mutant(
        name="an undeliverable mail that nobody hears of",
        file=f"{_USE_CASES}/outbox.py",
        old="                if undelivered is not None:\n",
        new="                if False:\n",
        check=core(f"{_FOLLOWS}[a mail that cannot be delivered]"),
    ),
    Mutant(
        name="an undeliverable mail that is in the requester's trail",
        file=f"{_USE_CASES}/mailing.py",
        old="Purpose.ALREADY_REGISTERED, {}, holder.id)",
        new="Purpose.ALREADY_REGISTERED, {}, user_id)",
        check=core(f"{_UNDELIVERABLE}::test_whoever_waits_for_anothers_address_does_not_learn_of_it"),
    ),
    Mutant(
        name="an undeliverable sign-up in the trail of whoever has the address",
        file=f"{_USE_CASES}/mailing.py",
        old="name=sign_up.name, token=token, user_id=None",
        new="name=sign_up.name, token=token, user_id=UserId(1)",
        check=core(f"{_UNDELIVERABLE}::test_a_sign_up_of_a_strangers_is_in_nobodys_trail"),
    ),
    Mutant(
        name="an undeliverable invitation in the trail of whoever registered the address",
        file=f"{_USE_CASES}/mailing.py",
        old="Purpose.INVITATION, without_links(values), None)\n",
        new="Purpose.INVITATION, without_links(values), None if holder is None else holder.id)\n",
        check=core(f"{_UNDELIVERABLE}::test_an_invitation_is_in_the_trail_of_whoever_has_proven_the_address_alone"),
    ),
    Mutant(
        name="you have an account already, told to the spelling that was typed",
        file=f"{_USE_CASES}/mailing.py",
        old="put(self._job(Topic.TAKEN_MAIL, email=holder.email.address))",
        new="put(self._job(Topic.TAKEN_MAIL, email=sign_up.email.address))",
        check=core(f"{_LOOKALIKES}::test_u18_whoever_signs_up_with_it_has_the_stored_address_told"),
    ),
    Mutant(
        name="an address that is taken, told to the spelling that waits",
        file=f"{_USE_CASES}/mailing.py",
        old="self._deliver(job, holder.email, Purpose.ALREADY",
        new="self._deliver(job, user.waiting_email, Purpose.ALREADY",
        check=core(f"{_LOOKALIKES}::test_a19_whoever_goes_to_it_has_the_stored_address_told_or_is_refused"),
    ),
    Mutant(
        name="an invitation that goes to the spelling that was typed",
        file=f"{_USE_CASES}/mailing.py",
        old="            to = view.invitation.email if proven.is_same_mailbox(view.invitation.email) else proven\n",
        new="            to = view.invitation.email\n",
        check=core(
            f"{_LOOKALIKES}::test_a19_an_invitation_to_it_goes_to_the_stored_address_once_that_is_verified_and_nowhere_before"
        ),
    ),
    Mutant(
        name="an invitation to another spelling that is parked because the address is not verified",
        file=f"{_USE_CASES}/mailing.py",
        old="        elif holder is None or holder.email.is_same_mailbox(view.invitation.email):\n",
        new="        else:\n",
        check=core(
            f"{_LOOKALIKES}::test_a19_an_invitation_to_it_goes_to_the_stored_address_once_that_is_verified_and_nowhere_before"
        ),
    ),
    Mutant(
        name="a reset that proves another spelling",
        file=f"{_USE_CASES}/recovery.py",
        old="token.email.is_same_mailbox(waiting)",
        new="token.email == waiting",
        check=core(f"{_LOOKALIKES}::test_a19_a_link_for_a_new_password_proves_no_other_spelling"),
    ),
    Mutant(
        name="an account's key with blanks in it",
        file="accounts_core/model/email.py",
        old="not _is_local_part(local) or not _is_local_part(key) or",
        new="not _is_local_part(local) or",
        check=core("model/test_email.py::test_m01_an_address_whose_key_would_be_none_is_refused"),
    ),
    Mutant(
        name="one's own name in full-width letters as a password",
        file="accounts_core/model/passwords.py",
        old='unicodedata.normalize("NFKC", text).lower() if c',
        new='unicodedata.normalize("NFC", text).lower() if c',
        check=core("model/test_passwords.py::test_m02_no_spelling_of_ones_own_name_is_a_password"),
    ),
)
