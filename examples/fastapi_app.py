"""A shop on FastAPI with user accounts: sign-up with a first order in one transaction, cards, and routes of its own.

    DATABASE_URL=postgresql://... STRIPE_API_KEY=sk_... SMTP_URL=smtps://... uvicorn fastapi_app:app

Without `DATABASE_URL` the database is the file `shop.db`. Without `SMTP_URL` mails are files in the folder `mails`, and
without `STRIPE_API_KEY` cards are simulated in memory. `PUBLIC_URL` is the address that links in mails lead to.

It needs `accounts-core[fastapi,sql,argon2,stripe,smtp]` and uvicorn.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from accounts_argon2 import AsyncArgon2Hasher
from accounts_core import Accounts, MailDispatch, User
from accounts_core.model import DeletionPreview, UserId
from accounts_fastapi import FastAPIAccounts
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
auth = FastAPIAccounts(accounts, migrate=True, worker=True)


async def articles(connection: Any, user_id: int) -> list[str]:
    return list(await connection.scalars(sa.select(Order.article).where(Order.user_id == user_id).order_by(Order.id)))


async def get_session() -> AsyncIterator[AsyncSession]:
    """Commit when the route is done, before the answer is sent; roll back if it fails."""
    async with AsyncSession(engine) as session, session.begin():
        yield session


CurrentUser = Annotated[User, Depends(auth.current_user)]
Session = Annotated[AsyncSession, Depends(get_session, scope="function")]
AccountsInside = Annotated[Accounts, Depends(auth.in_transaction(get_session, scope="function"))]


class Me(BaseModel):
    id: int
    email: str
    name: str
    is_verified: bool


class FirstOrder(BaseModel):
    email: str
    password: str
    name: str
    article: Annotated[str, Field(max_length=100)]


class NewOrder(BaseModel):
    article: Annotated[str, Field(max_length=100)]


class Placed(BaseModel):
    user: int
    order: int


class Orders(BaseModel):
    orders: list[str]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the shop's tables, once the accounts have theirs. For several processes use Alembic."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(title="Shop", lifespan=lifespan)
auth.install(app)


@app.get("/")
async def index() -> dict[str, str]:
    return {"shop": "open"}


@app.get("/me")
async def me(user: CurrentUser) -> Me:
    return Me(id=user.id, email=str(user.email), name=user.name, is_verified=user.email_verified_at is not None)


@app.post("/orders/first", status_code=201)
async def order_first(data: FirstOrder, session: Session, inside: AccountsInside) -> Placed:
    """Register a user and place their first order: both are there afterwards, or neither."""
    user = await inside.register(email=data.email, password=data.password, name=data.name)
    order = Order(user_id=user.id, article=data.article)
    session.add(order)
    await session.flush()
    if data.article == "sold out":
        raise HTTPException(409, "sold out")
    return Placed(user=user.id, order=order.id)


@app.post("/orders", status_code=201)
async def place_order(data: NewOrder, session: Session, user: CurrentUser) -> Orders:
    session.add(Order(user_id=user.id, article=data.article))
    return Orders(orders=await articles(session, user.id))


@app.get("/orders")
async def list_orders(session: Session, user: CurrentUser) -> Orders:
    return Orders(orders=await articles(session, user.id))
