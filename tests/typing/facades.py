"""Both doors to the core, as a type checker has to see them."""

from collections.abc import AsyncGenerator, Iterator
from typing import assert_type

from accounts_argon2 import Argon2Hasher, AsyncArgon2Hasher
from accounts_core import Accounts, BlockingAccounts
from accounts_core.model import Cards, DeletionPreview, User, UserId
from accounts_core.results import ExportPart
from accounts_memory import MemoryGateway, MemoryMailer, MemoryStore, MemoryUnitOfWork
from accounts_sql import AsyncSqlStore, SqlStore
from accounts_system import SystemClock, SystemSecrets

clock, secrets = SystemClock(), SystemSecrets()
gateway, mailer = MemoryGateway(clock, secrets), MemoryMailer()


class Orders:
    """A host's own data, beside a store in memory."""

    async def preview(self, work: MemoryUnitOfWork, user_id: UserId) -> DeletionPreview:
        return DeletionPreview()

    async def export(self, work: MemoryUnitOfWork, user_id: UserId) -> dict[str, int]:
        return {}

    async def erase(self, work: MemoryUnitOfWork, user_id: UserId) -> None: ...

    async def disassociate(self, work: MemoryUnitOfWork, user_id: UserId) -> None: ...


async def asynchronous(store: AsyncSqlStore) -> None:
    accounts = Accounts(
        store=store,
        payments=gateway,
        passwords=AsyncArgon2Hasher(),
        mailer=mailer,
        clock=clock,
        secrets=secrets,
    )

    assert_type(await accounts.register(email="jane@example.org", password="...", name="Jane"), User)
    assert_type(await accounts.list_payment_methods(UserId(1)), Cards)
    assert_type(await accounts.stream_personal_data(UserId(1)), AsyncGenerator[ExportPart, None])
    await accounts.register(email="jane@example.org", password="...")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no name
    await accounts.deactivate("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no id


def synchronous(store: SqlStore) -> None:
    accounts = BlockingAccounts(
        store=store, payments=gateway, passwords=Argon2Hasher(), mailer=mailer, clock=clock, secrets=secrets
    )

    assert_type(accounts.register(email="jane@example.org", password="...", name="Jane"), User)
    assert_type(accounts.list_payment_methods(UserId(1)), Cards)
    assert_type(accounts.stream_personal_data(UserId(1)), Iterator[ExportPart])
    accounts.deactivate("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no id


def an_asynchronous_adapter_under_a_synchronous_host(store: SqlStore, suspending: AsyncSqlStore) -> None:
    BlockingAccounts(
        store=store,
        payments=gateway,
        passwords=AsyncArgon2Hasher(),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # needs a loop
        mailer=mailer,
        clock=clock,
        secrets=secrets,
    )
    BlockingAccounts(
        store=suspending,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # needs a loop
        payments=gateway,
        passwords=Argon2Hasher(),
        mailer=mailer,
        clock=clock,
        secrets=secrets,
    )


def a_hosts_data_beside_the_store_that_it_is_written_for(sql: AsyncSqlStore) -> None:
    Accounts(
        store=MemoryStore(),
        payments=gateway,
        passwords=AsyncArgon2Hasher(),
        mailer=mailer,
        clock=clock,
        secrets=secrets,
        owned_data=[Orders()],
    )
    Accounts(  # type: ignore[misc]  # its data is written for another store
        store=sql,
        payments=gateway,
        passwords=AsyncArgon2Hasher(),
        mailer=mailer,
        clock=clock,
        secrets=secrets,
        owned_data=[Orders()],  # pyright: ignore[reportArgumentType]  # as above
    )


async def no_type_argument_is_needed(accounts: Accounts, blocking: BlockingAccounts, sql: AsyncSqlStore) -> None:
    assert_type(await accounts.list_payment_methods(UserId(1)), Cards)
    await no_type_argument_is_needed(
        Accounts(
            store=sql, payments=gateway, passwords=AsyncArgon2Hasher(), mailer=mailer, clock=clock, secrets=secrets
        ),
        blocking,
        sql,
    )
