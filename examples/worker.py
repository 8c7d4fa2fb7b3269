"""A worker in a process of its own: it sends mails, finishes card verifications, and does a job of the host's.

    DATABASE_URL=postgresql://... STRIPE_API_KEY=sk_... SMTP_URL=smtps://... python worker.py

SIGTERM and Ctrl-C stop it once its jobs are done. Any number of workers may run, on any number of machines. Without
`SMTP_URL` mails are files in the folder `mails`; without `STRIPE_API_KEY` there are no cards.

It needs `accounts-core[sql,argon2,stripe,smtp]`.
"""

import logging
import os
import signal
from pathlib import Path

import sqlalchemy as sa

from accounts_argon2 import Argon2Hasher
from accounts_core import BlockingAccounts, MailDispatch
from accounts_core.model import OutboxJob
from accounts_core.model.events import DomainEvent, UserRegistered
from accounts_core.ports.store import UnitOfWork
from accounts_memory import MemoryGateway
from accounts_smtp import EmlMailer, MailComposer, Sender, SmtpUrl
from accounts_smtp.blocking_smtp import BlockingSmtpMailer
from accounts_sql import SqlStore, create_engine
from accounts_stripe import BlockingStripeGateway
from accounts_system import BlockingWorker, SystemClock, SystemSecrets

VOUCHER = "shop.voucher"
logger = logging.getLogger("shop")

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///shop.db"))
clock, secrets = SystemClock(), SystemSecrets()
composer = MailComposer(sender=Sender.parse("Shop <shop@example.org>"), public_url="https://shop.example.org")
tables = sa.MetaData()
vouchers = sa.Table("shop_vouchers", tables, sa.Column("job", sa.Text, primary_key=True), sa.Column("user", sa.Text))


async def order_voucher(work: UnitOfWork, event: DomainEvent) -> None:
    """Put a job into the outbox for each new user, in the transaction of the sign-up."""
    if isinstance(event, UserRegistered):
        now = clock.now()
        job = OutboxJob(
            id=f"job_voucher_{event.user_id}",
            topic=VOUCHER,
            payload={"user": str(event.user_id)},
            created_at=now,
            due=now,
        )
        await work.outbox.add(job)


async def give_voucher(job: OutboxJob) -> None:
    """Do the job. A job may be done twice, as after a crash: its id is the same then."""
    with engine.begin() as connection:
        if connection.scalar(sa.select(vouchers.c.job).where(vouchers.c.job == job.id)) is None:
            connection.execute(vouchers.insert().values(job=job.id, user=job.payload["user"]))
    logger.info("Voucher for user %s", job.payload["user"])


accounts = BlockingAccounts(
    store=SqlStore(engine, subscribers=[order_voucher]),
    payments=(
        BlockingStripeGateway.connect(os.environ["STRIPE_API_KEY"])
        if "STRIPE_API_KEY" in os.environ
        else MemoryGateway(clock, secrets)
    ),
    passwords=Argon2Hasher(),
    mailer=(
        BlockingSmtpMailer(url=SmtpUrl.parse(os.environ["SMTP_URL"]), composer=composer, clock=clock)
        if "SMTP_URL" in os.environ
        else EmlMailer(folder=Path("mails"), composer=composer, clock=clock)
    ),
    clock=clock,
    secrets=secrets,
    mail_dispatch=MailDispatch.WORKER,
    job_handlers={VOUCHER: give_voucher},
)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    accounts.migrate()
    tables.create_all(engine)
    worker = BlockingWorker(accounts)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    logger.info("Working")
    worker.run()
    accounts.close()
    logger.info("Stopped")


if __name__ == "__main__":
    main()
