"""Delivering a mail for a job. The job's id tells a mail server that two deliveries are one mail."""

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
    """A mail will never reach its recipient. `user_id` is the user whom it was for, None where it was for no user."""

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
        """Have the mail delivered. Raises `NotDelivered`; `user_id` is the user whom the mail is for, if any."""
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
        """Mail a token. `is_verified` says whether `to` was proven to be the address of the person with this name."""
        minutes = str(int(self.lifetime(purpose).total_seconds() // 60))
        names = {"name": name} if is_verified else without_links({"name": name})
        await self.deliver(job, to, _SUBJECTS[purpose], {**names, "token": token, "minutes": minutes}, user_id)

    def lifetime(self, purpose: MailTokenPurpose) -> timedelta:
        """Return how long a mailed token for this purpose lives."""
        return self._policy.mail.verification if purpose is MailTokenPurpose.VERIFY_EMAIL else self._policy.mail.reset


_SUBJECTS: Final = {
    MailTokenPurpose.VERIFY_EMAIL: MailKind.VERIFY_EMAIL,
    MailTokenPurpose.RESET_PASSWORD: MailKind.RESET_PASSWORD,
}
