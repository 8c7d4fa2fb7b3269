"""A shop on Litestar with user accounts: sign-up with a first order in one transaction, cards, and routes of its own.

    DATABASE_URL=postgresql://... STRIPE_API_KEY=sk_... SMTP_URL=smtps://... uvicorn litestar_app:app

Without `DATABASE_URL` the database is the file `shop.db`. Without `SMTP_URL` mails are files in the folder `mails`, and
without `STRIPE_API_KEY` cards are simulated in memory. `PUBLIC_URL` is the address that links in mails lead to.

It needs `accounts-core[litestar,sql,argon2,stripe,smtp]`.
"""

import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from litestar import Litestar, get, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.params import JSONBody
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from accounts_argon2 import AsyncArgon2Hasher
from accounts_core import Accounts, MailDispatch, User
from accounts_core.model import DeletionPreview, UserId
from accounts_litestar import AccountsInTransaction, AccountsPlugin, UserDTO
from accounts_memory import MemoryGateway
from accounts_smtp import EmlMailer, MailComposer, Sender, SmtpUrl
from accounts_smtp.smtp import SmtpMailer
from accounts_sql import AsyncSqlStore, AsyncSqlUnit, create_async_engine, metadata
from accounts_stripe import StripeGateway
from accounts_system import SystemClock, SystemSecrets

engine = create_async_engine(os.environ.get("DATABASE_URL", "sqlite:///shop.db"))
clock, secrets = SystemClock(), SystemSecrets()
composer = MailComposer(
    sender=Sender.parse("Shop <shop@example.org>"), public_url=os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000")
)


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey(metadata.tables["accounts_users"].c.id), index=True)
    article: Mapped[str]


class OrdersOfUser:
    """The orders are exported and deleted with their user."""

    async def preview(self, work: AsyncSqlUnit, user_id: UserId) -> DeletionPreview:
        return DeletionPreview(destroyed={"orders": len(await articles(work.connection, user_id))})

    async def export(self, work: AsyncSqlUnit, user_id: UserId) -> Mapping[str, Any]:
        return {"orders": await articles(work.connection, user_id)}

    async def erase(self, work: AsyncSqlUnit, user_id: UserId) -> None:
        await work.connection.execute(sa.delete(Order).where(Order.user_id == user_id))

    async def disassociate(self, work: AsyncSqlUnit, user_id: UserId) -> None: ...


accounts = Accounts(
    store=AsyncSqlStore(engine),
    payments=(
        StripeGateway.connect(os.environ["STRIPE_API_KEY"])
        if "STRIPE_API_KEY" in os.environ
        else MemoryGateway(clock, secrets)
    ),
    passwords=AsyncArgon2Hasher(),
    mailer=(
        SmtpMailer(url=SmtpUrl.parse(os.environ["SMTP_URL"]), composer=composer, clock=clock)
        if "SMTP_URL" in os.environ
        else EmlMailer(folder=Path("mails"), composer=composer, clock=clock)
    ),
    clock=clock,
    secrets=secrets,
    owned_data=[OrdersOfUser()],
    mail_dispatch=MailDispatch.WORKER,
)
auth = AccountsPlugin(accounts, migrate=True, worker=True)


async def articles(connection: Any, user_id: int) -> list[str]:
    return list(await connection.scalars(sa.select(Order.article).where(Order.user_id == user_id).order_by(Order.id)))


async def provide_session() -> AsyncIterator[AsyncSession]:
    """Commit when the handler is done, before the answer is sent; roll back if it fails."""
    async with AsyncSession(engine) as session, session.begin():
        yield session


async def create_tables(_: Litestar) -> None:
    """Make the shop's tables, once the accounts have theirs. For several processes use Alembic."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


class FirstOrder(msgspec.Struct):
    email: str
    password: str
    name: str
    article: Annotated[str, msgspec.Meta(max_length=100)]


class NewOrder(msgspec.Struct):
    article: Annotated[str, msgspec.Meta(max_length=100)]


Session = NamedDependency[AsyncSession]


@get("/")
async def index() -> dict[str, str]:
    return {"shop": "open"}


@get("/me", return_dto=UserDTO)
async def me(current_user: NamedDependency[User]) -> User:
    return current_user


@post(
    "/orders/first",
    dependencies={"inside": auth.in_transaction()},
    exception_handlers=auth.exception_handlers,  # such as for an address that is taken
)
async def order_first(data: JSONBody[FirstOrder], db_session: Session, inside: AccountsInTransaction) -> dict[str, int]:
    """Register a user and place their first order: both are there afterwards, or neither."""
    user = await inside.register(email=data.email, password=data.password, name=data.name)
    order = Order(user_id=user.id, article=data.article)
    db_session.add(order)
    await db_session.flush()
    if data.article == "sold out":
        raise HTTPException("sold out", status_code=409)
    return {"user": user.id, "order": order.id}


@post("/orders", guards=[auth.signed_in])
async def place_order(
    data: JSONBody[NewOrder], db_session: Session, current_user: NamedDependency[User]
) -> dict[str, list[str]]:
    db_session.add(Order(user_id=current_user.id, article=data.article))
    return {"orders": await articles(db_session, current_user.id)}


@get("/orders")
async def list_orders(db_session: Session, current_user: NamedDependency[User]) -> dict[str, list[str]]:
    return {"orders": await articles(db_session, current_user.id)}


app = Litestar(
    [index, me, order_first, place_order, list_orders],
    plugins=[auth],
    dependencies={"db_session": Provide(provide_session)},
    on_startup=[create_tables],
)
