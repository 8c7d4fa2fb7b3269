"""The opponent: what a good engineer writes by hand for this one route, on the very tables of the service.

Litestar, an asyncpg pool, the SHA-256 of the bearer token, one joined select. No layers, no dependencies to
inject, no limits, no problem documents. BENCH_RESET=off also leaves out the query with which asyncpg's pool
resets each connection it takes back, which few people know can be left out.
"""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
from litestar import Litestar, Request, get
from litestar.exceptions import NotAuthorizedException

CURRENT = """
select u.id, u.email, u.name, u.created_at, u.balance, u.status, u.email_verified_at, s.expires_at
from accounts_sessions s join accounts_users u on u.id = s.user_id
where s.digest = $1
"""


class Current(msgspec.Struct, rename="camel"):
    id: str = msgspec.field(name="_id")
    email: str
    name: str
    created_at: str
    balance: int
    status: int
    email_verified: bool


async def no_reset(connection: asyncpg.Connection) -> None:
    """For BENCH_RESET=off."""


@asynccontextmanager
async def pool(app: Litestar) -> AsyncIterator[None]:
    reset = no_reset if os.environ.get("BENCH_RESET") == "off" else None
    dsn = os.environ["BENCH_DATABASE_URL"]
    async with asyncpg.create_pool(dsn, min_size=10, max_size=10, reset=reset) as app.state.pool:
        yield


@get("/api/users/current")
async def current(request: Request[Any, Any, Any]) -> Current:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise NotAuthorizedException
    row = await request.app.state.pool.fetchrow(CURRENT, hashlib.sha256(token.encode()).digest())
    if row is None or row["expires_at"] <= datetime.now(UTC) or row["status"] != 0:
        raise NotAuthorizedException
    created_at = row["created_at"]
    return Current(
        id=f"{int(created_at.timestamp()):08x}{row['id']:016x}",
        email=row["email"],
        name=row["name"],
        created_at=created_at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{created_at.microsecond // 1000:03d}Z",
        balance=row["balance"],
        status=row["status"],
        email_verified=row["email_verified_at"] is not None,
    )


app = Litestar([current], lifespan=[pool], openapi_config=None)
