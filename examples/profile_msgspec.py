"""Profile data of a msgspec Struct: signed up with, updated, exported, upgraded, and kept in a table of one's own.

It is synchronous. Run it anywhere: `python examples/profile_msgspec.py`. It needs
`accounts-core[sql,argon2,profiles]`, and everything that it stores is in memory.
"""

from typing import Annotated, Any

import msgspec
import sqlalchemy as sa

from accounts_argon2 import Argon2Hasher
from accounts_core import BlockingAccounts, ProfileType
from accounts_core.errors import Invalid
from accounts_core.model.events import DomainEvent, ProfileChanged, UserRegistered
from accounts_memory import MemoryGateway, MemoryMailer
from accounts_profiles import profile_type
from accounts_sql import SqlStore, SqlUnit, create_engine, migrate
from accounts_system import SystemClock, SystemSecrets

PASSWORD = "correct horse battery staple"

Seats = Annotated[int, msgspec.Meta(ge=1, le=500)]


class Address(msgspec.Struct, frozen=True, rename="camel"):
    city: str
    postal_code: str | None = None


class Customer(msgspec.Struct, frozen=True, rename="camel"):
    company: str
    seat_count: Seats = 1
    address: Address | None = None


class CustomerWithPlan(Customer, frozen=True, rename="camel", kw_only=True):
    """The next version of it."""

    plan: str


def upgrade(members: dict[str, Any], version: int) -> dict[str, Any]:
    """Return what version 1 stored, or nobody did (0), as version 2."""
    return {"company": "", **members, "plan": "early bird" if version == 1 else "basic"}


metadata = sa.MetaData()
companies = sa.Table(
    "companies", metadata, sa.Column("user_id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, unique=True)
)


async def keep_companies(work: SqlUnit, event: DomainEvent) -> None:
    """Write the application's own table, in the transaction of the event."""
    if isinstance(event, UserRegistered):
        work.connection.execute(companies.insert().values(user_id=event.user_id, name=event.profile.company))
    elif isinstance(event, ProfileChanged):
        row = companies.update().where(companies.c.user_id == event.user_id)
        work.connection.execute(row.values(name=event.after.company))


def accounts_with(engine: sa.Engine, kind: ProfileType[Any]) -> BlockingAccounts:
    clock, secrets = SystemClock(), SystemSecrets()
    return BlockingAccounts(
        store=SqlStore(engine, subscribers=[keep_companies]),
        payments=MemoryGateway(clock, secrets),
        passwords=Argon2Hasher(),
        mailer=MemoryMailer(),
        clock=clock,
        secrets=secrets,
        profile_type=kind,
    )


def sign_up(accounts: BlockingAccounts[Customer]) -> str:
    """Sign up, change the profile, and return an access token."""
    user = accounts.register(
        email="jane@example.org",
        password=PASSWORD,
        name="Jane Doe",
        profile=Customer("Bookshop", address=Address("Lyon")),
    )
    print("signed up:", user.profile)

    changed = accounts.update_profile(user.id, profile={"seatCount": 3})
    print("changed:", changed.profile)

    try:
        accounts.update_profile(user.id, profile={"seatCount": 0, "color": "red", "address": {"postalCode": "69001"}})
    except Invalid as error:
        for field, reasons in sorted(error.errors.items()):
            print("refused:", field, *reasons)

    print("exported:", accounts.export_personal_data(user.id)["user"]["profile"])
    return accounts.sign_in(email="jane@example.org", password=PASSWORD).token


def main() -> None:
    engine = create_engine("sqlite://")
    migrate(engine)
    metadata.create_all(engine)

    token = sign_up(accounts_with(engine, profile_type(Customer)))

    upgraded: BlockingAccounts[CustomerWithPlan] = accounts_with(
        engine, profile_type(CustomerWithPlan, version=2, upgrade=upgrade)
    )
    user = upgraded.authenticate(token).user
    print("upgraded:", user.profile)
    upgraded.update_profile(user.id, profile={"company": "Florist", "plan": "gold"})

    with engine.connect() as connection:
        print("in the table of its own:", connection.execute(sa.select(companies.c.name)).scalar_one())
    for entry in reversed(upgraded.list_activity(user.id)):
        print("activity:", entry.action, entry.details.get("members", ""))
    engine.dispose()


if __name__ == "__main__":
    main()
