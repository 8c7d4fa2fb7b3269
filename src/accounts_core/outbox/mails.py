"""Delivery of a mail for a job. The job's id lets a mail server recognise a repeated delivery."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import attrs

from accounts_core.errors import Undeliverable
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.links import without_links
from accounts_core.model.mail_token import MailTokenPurpose
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.policy import Policy
from accounts_core.model.profile import ProfileFields
from accounts_core.model.user import User
from accounts_core.ports.mailer import Mailer, MailKind, MailMessage


class NotDelivered(Exception):
    """A mail was refused for good. `user_id` is its recipient, None if the mail was sent to no user."""

    def __init__(self, user_id: UserId | None, purpose: MailKind, status: str) -> None:
        super().__init__(f"A mail ({purpose}) is not deliverable: {status}.")
        self.user_id = user_id
        self.purpose = purpose
        self.status = status


@attrs.frozen(kw_only=True)
class Recipient:
    """The recipient of a mail, with the language of its text and the time zone of its times."""

    user_id: UserId | None = None
    """None if the mail is sent to no user, or to one who is not to learn what became of it."""
    locale: str | None = None
    time_zone: str | None = None

    @classmethod
    def of(cls, user: User | None) -> "Recipient":
        """Return a user as a recipient; `NOBODY` for None, such as a deleted user."""
        return NOBODY if user is None else cls(user_id=user.id, locale=user.locale, time_zone=user.time_zone)

    @classmethod
    def without_id(cls, profile: ProfileFields | None) -> "Recipient":
        """Return a recipient without a user's id, with the language and the time zone of a profile."""
        return NOBODY if profile is None else cls(locale=profile.locale, time_zone=profile.time_zone)


NOBODY: Final = Recipient()


@attrs.frozen
class Mails:
    """Delivers the mails of jobs."""

    _mailer: Mailer
    _policy: Policy

    async def deliver(
        self, job: OutboxJob, to: EmailAddress, purpose: MailKind, values: Mapping[str, str], recipient: Recipient
    ) -> None:
        """Deliver the mail of a job.

        Raises:
            NotDelivered: The mail was refused for good. It carries the recipient's user id, if there is one.

        """
        message = MailMessage(
            id=job.id,
            to=to,
            kind=purpose,
            values=values,
            user=recipient.user_id,
            locale=recipient.locale,
            time_zone=recipient.time_zone,
        )
        try:
            await self._mailer.deliver(message)
        except Undeliverable as error:
            raise NotDelivered(recipient.user_id, purpose, error.status) from error

    async def deliver_token(
        self,
        job: OutboxJob,
        to: EmailAddress,
        purpose: MailTokenPurpose,
        *,
        name: str,
        token: str,
        recipient: Recipient,
        is_verified: bool = False,
    ) -> None:
        """Deliver a token by mail. Links in `name` are removed unless `to` `is_verified` as the user's address."""
        minutes = str(int(self.lifetime(purpose).total_seconds() // 60))
        names = {"name": name} if is_verified else without_links({"name": name})
        await self.deliver(job, to, _SUBJECTS[purpose], {**names, "token": token, "minutes": minutes}, recipient)

    def lifetime(self, purpose: MailTokenPurpose) -> timedelta:
        """Return the lifetime of a mail token for this purpose."""
        return self._policy.mail.verification if purpose is MailTokenPurpose.VERIFY_EMAIL else self._policy.mail.reset


_SUBJECTS: Final = {
    MailTokenPurpose.VERIFY_EMAIL: MailKind.VERIFY_EMAIL,
    MailTokenPurpose.RESET_PASSWORD: MailKind.RESET_PASSWORD,
}
