"""Profile data of a msgspec Struct, with other names in JSON: by calls and by both HTTP APIs.

Run it anywhere: `python examples/profile_msgspec.py`. It needs `accounts-core[sql,argon2,litestar,profiles]`, and
everything that it stores is in memory.
"""

import asyncio
from typing import Annotated, Any

import httpx
import msgspec
import sqlalchemy as sa
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_argon2 import AsyncArgon2Hasher
from accounts_core import Accounts, ProfileType
from accounts_core.errors import Invalid
from accounts_core.model.events import DomainEvent, ProfileChanged, UserRegistered
from accounts_litestar import AccountsPlugin
from accounts_memory import MemoryGateway, MemoryMailer
from accounts_profiles import profile_type
from accounts_sql import AsyncSqlStore, AsyncSqlUnit, create_async_engine, migrate_async
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


FIRST = profile_type(Customer)
SECOND = profile_type(CustomerWithPlan, version=2, upgrade=upgrade)

metadata = sa.MetaData()
companies = sa.Table(
    "companies", metadata, sa.Column("user_id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, unique=True)
)


async def keep_companies(work: AsyncSqlUnit, event: DomainEvent) -> None:
    """Write the application's own table, in the transaction of the event."""
    if isinstance(event, UserRegistered):
        await work.connection.execute(companies.insert().values(user_id=event.user_id, name=event.profile.company))
    elif isinstance(event, ProfileChanged):
        row = companies.update().where(companies.c.user_id == event.user_id)
        await work.connection.execute(row.values(name=event.after.company))


def accounts_with(engine: AsyncEngine, kind: ProfileType[Any]) -> Accounts:
    clock, secrets = SystemClock(), SystemSecrets()
    return Accounts(
        store=AsyncSqlStore(engine, subscribers=[keep_companies]),
        payments=MemoryGateway(clock, secrets),
        passwords=AsyncArgon2Hasher(),
        mailer=MemoryMailer(),
        clock=clock,
        secrets=secrets,
        profile_type=kind,
    )


async def sign_up(accounts: Accounts[Customer]) -> str:
    """Sign up, change the profile, and return an access token."""
    user = await accounts.register(
        email="jane@example.org",
        password=PASSWORD,
        name="Jane Doe",
        profile=Customer("Bookshop", address=Address("Lyon")),
    )
    print("signed up:", user.profile)

    changed = await accounts.update_profile(user.id, profile={"seatCount": 3})
    print("changed:", changed.profile)

    try:
        await accounts.update_profile(
            user.id, profile={"seatCount": 0, "color": "red", "address": {"postalCode": "69001"}}
        )
    except Invalid as error:
        for field, reasons in sorted(error.errors.items()):
            print("refused:", field, *reasons)

    exported = await accounts.export_personal_data(user.id)
    print("exported:", exported["user"]["profile"])
    return (await accounts.sign_in(email="jane@example.org", password=PASSWORD)).token


async def over_http(accounts: Accounts[Customer], token: str) -> None:
    """Change and show the profile by both HTTP APIs."""
    app: Any = Litestar(plugins=[AccountsPlugin(accounts)])
    transport, headers = httpx.ASGITransport(app), {"Authorization": f"Bearer {token}"}
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
        changed = await client.put("/api/users/current", json={"profile": {"seatCount": 5}}, headers=headers)
        print("account API:", changed.json()["profile"])
        refused = await client.put("/api/v1/user", json={"profile": {"seatCount": "many"}}, headers=headers)
        print("user API:", refused.status_code, refused.json()["errors"])
        shown = await client.get("/api/v1/user", headers=headers)
        print("user API:", shown.json()["data"]["profile"])


async def main() -> None:
    engine = create_async_engine("sqlite://")
    await migrate_async(engine)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)

    accounts: Accounts[Customer] = accounts_with(engine, FIRST)
    token = await sign_up(accounts)
    await over_http(accounts, token)

    upgraded: Accounts[CustomerWithPlan] = accounts_with(engine, SECOND)
    user = (await upgraded.authenticate(token)).user
    print("upgraded:", user.profile)
    await upgraded.update_profile(user.id, profile={"company": "Florist", "plan": "gold"})

    async with engine.connect() as connection:
        print("in the table of its own:", (await connection.execute(sa.select(companies.c.name))).scalar_one())
    for entry in reversed(await upgraded.list_activity(user.id)):
        print("activity:", entry.action, entry.details.get("members", ""))
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
