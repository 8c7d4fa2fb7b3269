"""A host on Litestar and accounts-core."""

import os

from litestar import Litestar

from accounts_argon2 import AsyncArgon2Hasher
from accounts_core import Accounts, MailDispatch
from accounts_litestar import AccountsPlugin
from accounts_smtp import MailComposer, Sender, SmtpUrl
from accounts_smtp.smtp import SmtpMailer
from accounts_sql import AsyncSqlStore, create_async_engine
from accounts_stripe import StripeGateway
from accounts_system import SystemClock, SystemSecrets

accounts = Accounts(
    store=AsyncSqlStore(create_async_engine(os.environ["DATABASE_URL"])),
    payments=StripeGateway.connect(os.environ["STRIPE_API_KEY"]),
    passwords=AsyncArgon2Hasher(),
    mailer=SmtpMailer(
        url=SmtpUrl.parse(os.environ["SMTP_URL"]),
        composer=MailComposer(sender=Sender.parse("Shop <shop@example.org>"), public_url="https://shop.example.org"),
        clock=SystemClock(),
    ),
    clock=SystemClock(),
    secrets=SystemSecrets(),
    mail_dispatch=MailDispatch.WORKER,
)
app = Litestar(plugins=[AccountsPlugin(accounts, migrate=True, worker=True)])
