"""A host on fastapi-users, as its documentation builds it: SQLAlchemy, JWT, a bearer transport, mails by hooks."""
# ruff: noqa: B008  as the documentation writes it

import uuid
from collections.abc import AsyncGenerator

from fastapi import Depends, FastAPI, Request
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SECRET = "a secret of thirty-two characters"
engine = create_async_engine("sqlite+aiosqlite:///shop.db")
new_session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class User(SQLAlchemyBaseUserTableUUID, Base):
    company: Mapped[str] = mapped_column(default="")


class UserRead(schemas.BaseUser[uuid.UUID]):
    company: str


class UserCreate(schemas.BaseUserCreate):
    company: str


class UserUpdate(schemas.BaseUserUpdate):
    company: str | None = None


def send_mail(to: str, subject: str, link: str) -> None:
    raise NotImplementedError("Here the application has its mail server.")


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    reset_password_token_secret = SECRET
    reset_password_token_lifetime_seconds = 600
    verification_token_secret = SECRET
    verification_token_lifetime_seconds = 86_400

    async def on_after_register(self, user: User, request: Request | None = None) -> None:
        await self.request_verify(user, request)

    async def on_after_request_verify(self, user: User, token: str, request: Request | None = None) -> None:
        send_mail(user.email, "Confirm your email address", f"https://shop.example.org/verify-email#token={token}")

    async def on_after_forgot_password(self, user: User, token: str, request: Request | None = None) -> None:
        send_mail(user.email, "Reset your password", f"https://shop.example.org/reset-password#token={token}")


async def get_async_session() -> AsyncGenerator[AsyncSession, None]:
    async with new_session() as session:
        yield session


async def get_user_db(session: AsyncSession = Depends(get_async_session)):
    yield SQLAlchemyUserDatabase(session, User)


async def get_user_manager(user_db: SQLAlchemyUserDatabase = Depends(get_user_db)):
    yield UserManager(user_db)


def get_jwt_strategy() -> JWTStrategy:
    return JWTStrategy(secret=SECRET, lifetime_seconds=86_400)


backend = AuthenticationBackend(
    name="jwt", transport=BearerTransport(tokenUrl="auth/login"), get_strategy=get_jwt_strategy
)
fastapi_users = FastAPIUsers[User, uuid.UUID](get_user_manager, [backend])
app = FastAPI()
app.include_router(fastapi_users.get_auth_router(backend), prefix="/auth")
app.include_router(fastapi_users.get_register_router(UserRead, UserCreate), prefix="/auth")
app.include_router(fastapi_users.get_verify_router(UserRead), prefix="/auth")
app.include_router(fastapi_users.get_reset_password_router(), prefix="/auth")
app.include_router(fastapi_users.get_users_router(UserRead, UserUpdate), prefix="/users")
