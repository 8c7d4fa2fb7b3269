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
from accounts_core.ports.mailer import Mailer, MailKind, MailMessage


class NotDelivered(Exception):
    """A mail was refused for good. `user_id` is its recipient, None if the mail was sent to no user."""

    def __init__(self, user_id: UserId | None, purpose: MailKind, status: str) -> None:
        super().__init__(f"A mail ({purpose}) is not deliverable: {status}.")
        self.user_id = user_id
        self.purpose = purpose
        self.status = status


@attrs.frozen
class Mails:
    """Delivers the mails of jobs."""

    _mailer: Mailer
    _policy: Policy

    async def deliver(
        self, job: OutboxJob, to: EmailAddress, purpose: MailKind, values: Mapping[str, str], user_id: UserId | None
    ) -> None:
        """Deliver the mail of a job.

        Raises:
            NotDelivered: The mail was refused for good. It carries `user_id`, the recipient if it is a user.

        """
        try:
            await self._mailer.deliver(MailMessage(id=job.id, to=to, kind=purpose, values=values))
        except Undeliverable as error:
            raise NotDelivered(user_id, purpose, error.status) from error

    async def deliver_token(
        self,
        job: OutboxJob,
        to: EmailAddress,
        purpose: MailTokenPurpose,
        *,
        name: str,
        token: str,
        user_id: UserId | None,
        is_verified: bool = False,
    ) -> None:
        """Deliver a token by mail. Links in `name` are removed unless `to` `is_verified` as the user's address."""
        minutes = str(int(self.lifetime(purpose).total_seconds() // 60))
        names = {"name": name} if is_verified else without_links({"name": name})
        await self.deliver(job, to, _SUBJECTS[purpose], {**names, "token": token, "minutes": minutes}, user_id)

    def lifetime(self, purpose: MailTokenPurpose) -> timedelta:
        """Return the lifetime of a mail token for this purpose."""
        return self._policy.mail.verification if purpose is MailTokenPurpose.VERIFY_EMAIL else self._policy.mail.reset


_SUBJECTS: Final = {
    MailTokenPurpose.VERIFY_EMAIL: MailKind.VERIFY_EMAIL,
    MailTokenPurpose.RESET_PASSWORD: MailKind.RESET_PASSWORD,
}
