"""Both SMTP mailers, for the tests that hold for each."""

import asyncio
from typing import Any, Final, TypeAlias

from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.mailer import MailMessage
from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON
from accounts_memory import ManualClock
from accounts_smtp import MailComposer, Sender, SmtpUrl
from accounts_smtp.blocking_smtp import BlockingSmtpMailer
from accounts_smtp.smtp import SmtpMailer

AnySmtpMailer: TypeAlias = SmtpMailer | BlockingSmtpMailer
KINDS: Final = (SmtpMailer, BlockingSmtpMailer)


def mailer_to(
    kind: type[AnySmtpMailer],
    url: str,
    *,
    sender: Sender | None = None,
    **changes: Any,
) -> AnySmtpMailer:
    sender = sender or Sender(EmailAddress("no-reply@accounts.example"), "Accounts")
    return kind(
        url=SmtpUrl.parse(url),
        composer=MailComposer(sender=sender, public_url="https://accounts.example"),
        clock=ManualClock(NOON),
        **{"timeout_seconds": 5, **changes},
    )


async def deliver(mailer: AnySmtpMailer, *messages: MailMessage) -> None:
    """Deliver on this loop, or in a thread if the mailer would block it."""
    for message in messages:
        if mailer.suspends:
            await mailer.deliver(message)
        else:
            await asyncio.to_thread(run_sync, mailer.deliver(message))
