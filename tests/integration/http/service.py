"""The service as the tests of this folder run it: in process, over one of the stores, with a clock that they move."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, cast

import attrs
import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from litestar import Litestar
from tests.integration.http.client import Client, Run
from tests.integration.http.stripe_events import checking
from tests.integration.round_trips import RoundTripCounter

from accounts_core import MailDispatch, ProfileType
from accounts_core.accounts import Accounts
from accounts_core.model.policy import Policy
from accounts_core.ports.mailer import MailKind
from accounts_core.ports.owned_data import OwnedData
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.payment_gateway import HoldStatus
from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.ports.secrets import Secrets
from accounts_core.ports.store import Store, UnitOfWork
from accounts_fastapi import FastAPIAccounts
from accounts_litestar import HttpOptions, create_app
from accounts_litestar.edge.hardening import HardenedApp
from accounts_memory import ManualClock, MemoryGateway, MemoryMailer, MemoryStore, PlainHasher
from accounts_memory.store import Ids
from accounts_sql import AsyncSqlStore, create_async_engine
from accounts_sql.tables import metadata
from accounts_system import SystemSecrets

START = datetime(2023, 11, 6, 8, 30, 9, 166_789, tzinfo=UTC)
"""When every test begins: the moment in the account API's document."""

_NUMBERED = {"users": "users", "teams": "teams", "entries": "audit"}
"""What a store in memory numbers, and the table whose keys those numbers are."""

AnyStore = Store[UnitOfWork]
Dump = Mapping[str, list[Any]]


class Clock(ManualClock):
    def pass_by(self, **span: float) -> None:
        """Move on: `clock.pass_by(minutes=16)`."""
        self.advance(timedelta(**span))


@attrs.frozen(kw_only=True)
class Stored:
    """A store, and how a test looks at all that is in it without asking it."""

    store: AnyStore
    dump: Callable[[], Dump]
    keep: Callable[[], Callable[[], None]]
    """Remembers all that is in it, and returns what brings just that back."""
    counter: RoundTripCounter | None = None
    """Counts round trips to the database, where there is one."""
    on_fastapi: bool = False
    """Whether a FastAPI application serves it, in place of the bundled service's."""


@attrs.frozen(kw_only=True)
class Service:
    """A running service."""

    run: Run
    clock: Clock
    payments: MemoryGateway
    mails: MemoryMailer
    hasher: PlainHasher
    accounts: Accounts[Any, UnitOfWork]
    api: Client
    stored: Stored

    def dump(self) -> Dump:
        """Return every row by table."""
        return self.stored.dump()

    def work(self) -> None:
        """Do what is due, as a worker does."""
        ran = self.run(self.accounts.run_due())
        assert (ran.rescheduled, ran.dead_lettered) == (0, 0)

    def mailed(self, purpose: MailKind) -> Mapping[str, str]:
        """Have the worker send what is due, and return what the newest mail of this kind says."""
        self.work()
        return [mail.values for mail in self.mails.delivered if mail.kind is purpose][-1]

    def verify_email(self, email: str) -> None:
        """Do what an operator does: take the user's waiting address as verified."""

        async def verify() -> None:
            await self.accounts.mark_email_verified((await self.accounts.find_user(email)).id)

        self.run(verify())

    def answer_challenges(self, *, succeed: bool) -> None:
        """Be the person whose bank asks."""
        for hold in self.payments.open_holds():
            if hold.status is HoldStatus.CHALLENGED and hold.id is not None:
                self.payments.authenticate(hold.id, succeed)


@attrs.frozen(kw_only=True)
class Populated:
    """A service in which Jane has one of everything; `ids` has the ids of it by place in a path."""

    service: Service
    jane: Client
    ids: Mapping[str, object]


@contextmanager
def serving(
    run: Run,
    stored: Stored,
    *,
    options: HttpOptions | None = None,
    payments: Callable[[Clock], MemoryGateway] | None = None,
    policy: Policy | None = None,
    limits: RateLimiter | None = None,
    secrets: Secrets | None = None,
    passwords: PasswordHasher | None = None,
    owned_data: Sequence[OwnedData[Any]] = (),
    profile_type: ProfileType[Any] | None = None,
) -> Iterator[Service]:
    """Run a service over this store."""
    clock = Clock(START)
    gateway = payments(clock) if payments else MemoryGateway(clock, secrets or SystemSecrets())
    mails, hasher = MemoryMailer(), PlainHasher()
    accounts = accounts_over(
        stored.store,
        clock,
        gateway,
        mails=mails,
        passwords=passwords or hasher,
        policy=policy,
        limits=limits,
        secrets=secrets,
        owned_data=owned_data,
        profile_type=profile_type,
    )
    options = options or HttpOptions(webhook=checking(clock))
    app: Any = fastapi_app(accounts, options) if stored.on_fastapi else create_app(accounts, options=options)
    lifespan = Lifespan(app)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://accounts.test")
    run(lifespan.begin())
    try:
        yield Service(
            run=run,
            clock=clock,
            payments=gateway,
            mails=mails,
            hasher=hasher,
            accounts=accounts,
            api=Client(run, http),
            stored=stored,
        )
    finally:
        run(http.aclose())
        run(lifespan.end())


class OnFastAPI(HardenedApp):
    """A FastAPI application within the outermost layer of the bundled service."""

    def __init__(self, app: FastAPI, options: HttpOptions) -> None:
        super().__init__(cast("Any", app), log=options.log_request)
        self.lifespan = partial(app.router.lifespan_context, app)


def fastapi_app(accounts: Accounts[Any, UnitOfWork], options: HttpOptions) -> OnFastAPI:
    app = FastAPI()
    auth = FastAPIAccounts(accounts, options=options)
    auth.install(app)
    app.include_router(auth.health_router)
    return OnFastAPI(app, options)


class Lifespan:
    """Holds an application's lifespan open in a task of its own: it has to end in the task in which it began."""

    def __init__(self, app: Litestar | OnFastAPI) -> None:
        self._app = app
        self._ending = asyncio.Event()

    async def begin(self) -> None:
        begun = asyncio.Event()
        self._task = asyncio.create_task(self._hold(begun))
        await begun.wait()

    async def _hold(self, begun: asyncio.Event) -> None:
        async with self._app.lifespan():
            begun.set()
            await self._ending.wait()

    async def end(self) -> None:
        self._ending.set()
        await self._task


@contextmanager
def event_loop() -> Iterator[Run]:
    """Open an event loop for one test, and see to it that no task outlives it."""
    with asyncio.Runner() as runner:
        yield runner.run
        left = asyncio.all_tasks(runner.get_loop())
        assert not left, f"Tasks were left behind: {left}"


def accounts_over(
    store: AnyStore,
    clock: Clock,
    payments: MemoryGateway,
    *,
    mails: MemoryMailer | None = None,
    policy: Policy | None = None,
    limits: RateLimiter | None = None,
    secrets: Secrets | None = None,
    passwords: PasswordHasher | None = None,
    owned_data: Sequence[OwnedData[Any]] = (),
    profile_type: ProfileType[Any] | None = None,
) -> Accounts[Any, UnitOfWork]:
    return Accounts(
        mail_dispatch=MailDispatch.WORKER,
        store=store,
        payments=payments,
        passwords=passwords or PlainHasher(),
        mailer=mails or MemoryMailer(),
        clock=clock,
        secrets=secrets or SystemSecrets(),
        policy=policy,
        limits=limits,
        owned_data=owned_data,
        profile_type=profile_type,
    )


def in_memory() -> Stored:
    store = MemoryStore()

    def dump() -> Dump:
        # past the ports on purpose: what is written must not be judged by what the store's own reads say of it
        return {name: list(table.rows.values()) for name, table in attrs.asdict(store._state, recurse=False).items()}

    def keep() -> Callable[[], None]:
        state = store._state
        first = {name: max(getattr(state, table).rows, default=0) + 1 for name, table in _NUMBERED.items()}

        def bring_back() -> None:
            store._state = state
            store._ids = Ids(**{name: count(number) for name, number in first.items()})

        return bring_back

    return Stored(store=store, dump=dump, keep=keep)


def _dumped_as(table: sa.Table) -> str:
    """Return the name of a table in a dump: as in the memory store, where it has one of the same purpose."""
    name = table.name.removeprefix("accounts_")
    return "idempotency_records" if name == "kept_requests" else name


@contextmanager
def in_database(run: Run, url: str) -> Iterator[Stored]:
    """Open a store on a migrated database."""
    engine = create_async_engine(url)

    async def rows() -> Dump:
        found: dict[str, list[Any]] = {}
        async with engine.connect() as connection:
            for table in metadata.sorted_tables:
                rows = await connection.execute(table.select())
                found[_dumped_as(table)] = sorted(rows, key=repr)
        return found

    async def bring_back(kept: Dump) -> None:
        async with engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                await connection.execute(table.delete())
            for table in metadata.sorted_tables:
                if rows := kept[_dumped_as(table)]:
                    await connection.execute(table.insert(), [row._asdict() for row in rows])

    def keep() -> Callable[[], None]:
        kept = run(rows())
        return lambda: run(bring_back(kept))

    with RoundTripCounter(engine) as counter:
        try:
            yield Stored(store=AsyncSqlStore(engine), dump=lambda: run(rows()), keep=keep, counter=counter)
        finally:
            run(engine.dispose())


def memory_accounts(profile_type: ProfileType[Any] | None = None) -> Accounts[Any, UnitOfWork]:
    """Return accounts over a store of their own, for tests that are about the framework around them."""
    clock = Clock(START)
    gateway = MemoryGateway(clock, SystemSecrets())
    return accounts_over(MemoryStore(), clock, gateway, profile_type=profile_type)


def populate(service: Service) -> Populated:
    """Give Jane a team that somebody is invited to, an interaction, a card, a notification and an open invitation."""
    john, jane = service.api.sign_up("john@example.org", "John Smith"), service.api.sign_up()
    service.verify_email("jane@example.org")
    team = jane.post("/api/v1/accounts", json={"name": "Dev team"}).json()["data"]["id"]
    jane.post(f"/api/v1/accounts/{team}/interactions", json={"body": "Hello."})
    jane.post(f"/api/v1/accounts/{team}/invitations", json={"email": "guest@example.org"})
    (sent,) = jane.get(f"/api/v1/accounts/{team}/invitations").json()["data"]
    johns = john.post("/api/v1/accounts", json={"name": "Ops team"}).json()["data"]["id"]
    john.post(f"/api/v1/accounts/{johns}/invitations", json={"email": "jane@example.org"})
    jane.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})
    (card,) = jane.get("/api/users/current/list-payment-methods").json()["data"]
    (notification,) = jane.get("/api/users/current/notifications").json()
    (invitation,) = jane.get("/api/v1/user/invitations").json()["data"]
    ids = {
        "/accounts/{id}": team,
        "/members/{user_id}": john.user["id"],
        "/payment-method/{id}": card["id"],
        "/notifications/{id}": notification["_id"],
        "/invitations/{id}": invitation["id"],
        "/invitations/{invitation_id}": sent["id"],
        "/sessions/{id}": jane.get("/api/auth/sessions").json()[0]["id"],
    }
    return Populated(service=service, jane=jane, ids=ids)
