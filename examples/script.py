"""Upkeep from cron, where no worker runs: due jobs are done, expired rows deleted, and both reported.

    */5 * * * *  DATABASE_URL=postgresql://... STRIPE_API_KEY=sk_... SMTP_URL=smtps://... python script.py

It needs `accounts-core[sql,argon2,stripe,smtp]`.
"""

import os

from accounts_argon2 import Argon2Hasher
from accounts_core import BlockingAccounts
from accounts_smtp import MailComposer, Sender, SmtpUrl
from accounts_smtp.blocking_smtp import BlockingSmtpMailer
from accounts_sql import SqlStore, create_engine
from accounts_stripe import BlockingStripeGateway
from accounts_system import SystemClock, SystemSecrets

accounts = BlockingAccounts(
    store=SqlStore(create_engine(os.environ.get("DATABASE_URL", "sqlite:///shop.db"))),
    payments=BlockingStripeGateway.connect(os.environ["STRIPE_API_KEY"]),
    passwords=Argon2Hasher(),
    mailer=BlockingSmtpMailer(
        url=SmtpUrl.parse(os.environ["SMTP_URL"]),
        composer=MailComposer(sender=Sender.parse("Shop <shop@example.org>"), public_url="https://shop.example.org"),
        clock=SystemClock(),
    ),
    clock=SystemClock(),
    secrets=SystemSecrets(),
)
accounts.migrate()
print("jobs:", accounts.run_due(limit=1000))
print("deleted:", accounts.run_cleanup())
