"""Requirement 3: a year of one busy user and of a quiet one, on SQLite in memory, and what the cleanup leaves of it.

`make year` prints the table. Time is a clock that is moved: nothing waits.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import attrs
import sqlalchemy as sa

from accounts_core import BlockingAccounts, MailDispatch
from accounts_core.errors import InvalidCredentials
from accounts_core.model.ids import UserId
from accounts_core.model.policy import Policy
from accounts_core.testing.builders import NOON
from accounts_memory import ManualClock, MemoryGateway, MemoryMailer, PlainHasher, SequenceSecrets
from accounts_sql import SqlRateLimiter, SqlStore, create_engine, migrate
from accounts_sql.tables import metadata

PASSWORD: Final = "a long and quiet river"
DAYS: Final = 365
HOST: Final = "host@example.org"
"""Somebody who invites the others, and does nothing else."""


@attrs.frozen
class Usage:
    """What somebody does: how often a day, or every how many days."""

    name: str
    sign_ins: int
    wrong_passwords: int
    every: int
    interactions: int
    invitations: int
    browsers: int


BUSY: Final = Usage("busy", sign_ins=5, wrong_passwords=1, every=1, interactions=3, invitations=1, browsers=40)
QUIET: Final = Usage("quiet", sign_ins=1, wrong_passwords=0, every=30, interactions=0, invitations=0, browsers=1)


@attrs.frozen
class Year:
    """The rows of each table at the end of the year, and after cleanups then, and as much later as is kept."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    much_later: Mapping[str, int]


def play(usage: Usage, *, days: int = DAYS, policy: Policy | None = None) -> Year:
    """Let somebody live so for a year, with one cleanup at its end and one 400 days later."""
    engine = create_engine("sqlite://")
    migrate(engine)
    clock, secrets = ManualClock(NOON), SequenceSecrets()
    accounts = BlockingAccounts(
        mail_dispatch=MailDispatch.WORKER,
        store=SqlStore(engine),
        payments=MemoryGateway(clock=clock, secrets=secrets),
        passwords=PlainHasher(),
        mailer=MemoryMailer(),
        clock=clock,
        secrets=secrets,
        policy=policy,
        limits=SqlRateLimiter(engine),
    )
    host, user = (
        accounts.register(email=email, password=PASSWORD, name=name)
        for email, name in ((HOST, "Host"), (f"{usage.name}@example.org", "Jane Doe"))
    )
    for each in (host, user):
        accounts.mark_email_verified(each.id)
    team = accounts.create_team(user.id, name="Bookshop").team.id
    accounts.verify_card(user.id, payment_method="pm_card_visa")
    for day in range(days):
        if day % usage.every == 0:
            _use(accounts, usage, day, user.id, host.id, team)
        while accounts.run_due().total:
            pass
        clock.advance(timedelta(days=1))
    before = rows(engine)
    accounts.run_cleanup()
    after = rows(engine)
    clock.advance(timedelta(days=400))
    accounts.run_cleanup()
    return Year(before, after, rows(engine))


def _use(accounts: BlockingAccounts[Any], usage: Usage, day: int, user: UserId, host: UserId, team: Any) -> None:
    """Do what is done on one day."""
    email = f"{usage.name}@example.org"
    for number in range(usage.wrong_passwords):
        with suppress(InvalidCredentials):
            accounts.sign_in(email=email, password=f"a wrong password {number}", client="192.0.2.1")
    for number in range(usage.sign_ins):
        browser = "Browser" + "x" * ((day * usage.sign_ins + number) % usage.browsers)
        accounts.sign_in(email=email, password=PASSWORD, user_agent=browser, client="192.0.2.1")
    for number in range(usage.interactions):
        accounts.write_interaction(user, team, body=f"Shelf {number} of day {day}.")
    for _ in range(usage.invitations):
        other = accounts.create_team(host, name=f"Team of day {day}").team.id
        accounts.invite_to_team(host, other, email=email)
        accounts.decline_invitation(user, accounts.list_invitations(user)[0].invitation.id)
        accounts.delete_team(host, other)


def rows(engine: sa.Engine) -> Mapping[str, int]:
    """Count the rows of every table that has any."""
    with engine.connect() as connection:
        counts = {
            table.name.removeprefix("accounts_"): connection.execute(
                sa.select(sa.func.count()).select_from(table)
            ).scalar_one()
            for table in metadata.sorted_tables
        }
    return {name: count for name, count in sorted(counts.items()) if count}


def table(years: Mapping[str, Year]) -> list[str]:
    """Lay the counts out, a line for each table."""
    names = sorted({name for year in years.values() for name in year.before})
    heads = [f"{who}, {when}" for who in years for when in ("before", "after", "+400 days")]
    lines = [f"{'table':<22}" + "".join(f"{head:>22}" for head in heads)]
    for name in names:
        counts = [count.get(name, 0) for year in years.values() for count in (year.before, year.after, year.much_later)]
        lines.append(f"{name:<22}" + "".join(f"{count:>22,}" for count in counts))
    return lines


def main() -> None:
    """Play both years, and print the table."""
    for line in table({usage.name: play(usage) for usage in (BUSY, QUIET)}):
        print(line)  # noqa: T201  what this is for


if __name__ == "__main__":
    main()
