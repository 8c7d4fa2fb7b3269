"""The opponent of `fastapi_me.py`: `GET /me` of the example's shop as a good engineer writes it by hand with FastAPI.

FastAPI's own bearer scheme, an asyncpg pool, the SHA-256 of the token, one joined select on the very tables of the
accounts, the same response model. No layers, no problem documents, no session that is kept from idling out.
"""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

USER = """
select u.id, u.email, u.name, u.status, u.email_verified_at, s.expires_at
from accounts_sessions s join accounts_users u on u.id = s.user_id
where s.digest = $1
"""


class Me(BaseModel):
    id: int
    email: str
    name: str
    is_verified: bool


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10) as app.state.pool:
        yield


async def current_user(request: Request, bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> Any:
    digest = hashlib.sha256(bearer.credentials.encode()).digest()
    row = await request.app.state.pool.fetchrow(USER, digest)
    if row is None or row["expires_at"] <= datetime.now(UTC) or row["status"] != 0:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    return row


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def index() -> dict[str, str]:
    return {"shop": "open"}


@app.get("/me")
async def me(user: Annotated[Any, Depends(current_user)]) -> Me:
    return Me(id=user["id"], email=user["email"], name=user["name"], is_verified=user["email_verified_at"] is not None)
