"""The type of a host's profile data, which `Accounts[Customer]` keeps, as a type checker has to see it."""

from collections.abc import Mapping
from typing import Any, TypedDict, TypeGuard, assert_type

import attrs
import pydantic

from accounts_argon2 import Argon2Hasher, AsyncArgon2Hasher
from accounts_core import Accounts, BlockingAccounts, Caller, ProfileType, SignInResult, User, UserId
from accounts_core.model import Cards
from accounts_core.model.events import DomainEvent, ProfileChanged, UserRegistered
from accounts_memory import MemoryGateway, MemoryMailer
from accounts_profiles import profile_type
from accounts_sql import AsyncSqlStore, SqlStore
from accounts_system import SystemClock, SystemSecrets

clock, secrets = SystemClock(), SystemSecrets()
gateway, mailer = MemoryGateway(clock, secrets), MemoryMailer()


@attrs.frozen
class Customer:
    company: str
    vat_id: str | None = None


class CustomerCodec:
    """A codec of a host's own."""

    def load(self, data: Mapping[str, Any], *, allow_unknown: bool) -> Customer:
        return Customer(**data)

    def dump(self, value: Customer) -> dict[str, Any]:
        return attrs.asdict(value)

    def is_value(self, value: object) -> TypeGuard[Customer]:
        return isinstance(value, Customer)

    def schema(self) -> dict[str, Any]:
        return {"type": "object"}


class Wrong:
    pass


CUSTOMER = ProfileType(codec=CustomerCodec(), version=2, upgrade=lambda members, version: members)


async def asynchronous(store: AsyncSqlStore) -> None:
    accounts = Accounts(
        store=store,
        payments=gateway,
        passwords=AsyncArgon2Hasher(),
        mailer=mailer,
        clock=clock,
        secrets=secrets,
        profile_type=CUSTOMER,
    )
    user = await accounts.register(
        email="jane@example.org", password="...", name="Jane", profile=Customer(company="Bookshop")
    )
    assert_type(user, User[Customer])
    assert_type(user.profile, Customer)
    await accounts.register(email="jane@example.org", password="...", name="Jane", profile={"company": "Bookshop"})
    await accounts.request_account(email="jane@example.org", password="...", name="Jane", profile={"company": "A"})
    assert_type((await accounts.authenticate("...")).user.profile, Customer)
    assert_type((await accounts.authenticate_with_payment_methods("...")), tuple[Caller[Customer], Cards])
    assert_type(await accounts.sign_in(email="jane@example.org", password="..."), SignInResult[Customer])
    assert_type((await accounts.restore(email="jane@example.org", password="...")).user.profile.company, str)
    assert_type((await accounts.profile(UserId(1))).profile, Customer)
    assert_type((await accounts.update_profile(UserId(1), profile={"vat_id": None})).profile, Customer)
    assert_type((await accounts.verify_email(token="...")).profile, Customer)
    assert_type((await accounts.find_user("jane@example.org")).profile, Customer)

    await accounts.register(
        email="jane@example.org",
        password="...",
        name="Jane",
        profile=3,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no Customer
    )
    await accounts.update_profile(
        UserId(1),
        profile=Wrong(),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no Customer
    )
    user.profile.wrong  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018


def synchronous(store: SqlStore) -> None:
    accounts = BlockingAccounts(
        store=store,
        payments=gateway,
        passwords=Argon2Hasher(),
        mailer=mailer,
        clock=clock,
        secrets=secrets,
        profile_type=CUSTOMER,
    )
    user = accounts.register(email="jane@example.org", password="...", name="Jane", profile=Customer(company="A"))
    assert_type(user.profile, Customer)
    assert_type(accounts.authenticate("...").user.profile, Customer)
    assert_type(accounts.update_profile(UserId(1), name="Mary").profile.vat_id, str | None)
    annotated(accounts)
    accounts.register(
        email="jane@example.org",
        password="...",
        name="Jane",
        profile=3,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no Customer
    )


def annotated(accounts: BlockingAccounts[Customer]) -> None:
    assert_type(accounts.authenticate("...").user.profile, Customer)
    assert_type(accounts.in_transaction(object()), BlockingAccounts[Customer])


async def named_by_an_annotation(accounts: Accounts[Customer]) -> None:
    assert_type((await accounts.authenticate("...")).user.profile, Customer)


async def without_a_type(accounts: Accounts, blocking: BlockingAccounts) -> None:
    assert_type((await accounts.authenticate("...")).user.profile, Any)
    assert_type(blocking.profile(UserId(1)), User)
    assert_type(blocking.profile(UserId(1)).profile, Any)


async def subscriber(work: object, event: DomainEvent) -> None:
    if isinstance(event, UserRegistered):
        assert_type(event.profile, Any)
    if isinstance(event, ProfileChanged):
        assert_type(event.members, tuple[str, ...])


class Settings(TypedDict):
    theme: str


@attrs.frozen
class Plan:
    name: str = "basic"


class Model(pydantic.BaseModel):
    name: str = "basic"


def declared_by_a_class(store: SqlStore) -> None:
    assert_type(profile_type(Plan, version=2, max_bytes=100, stored=False), ProfileType[Plan])
    assert_type(profile_type(Model), ProfileType[Model])
    assert_type(profile_type(Settings, upgrade=lambda members, version: members), ProfileType[Settings])
    accounts = BlockingAccounts(
        store=store,
        payments=gateway,
        passwords=Argon2Hasher(),
        mailer=mailer,
        clock=clock,
        secrets=secrets,
        profile_type=profile_type(Plan),
    )
    assert_type(accounts.profile(UserId(1)).profile.name, str)


def typed_dictionaries_are_mappings(accounts: BlockingAccounts[Settings]) -> None:
    assert_type(accounts.update_profile(UserId(1), profile={"theme": "dark"}).profile["theme"], str)
