"""A host with an event loop: an ASGI application by Litestar, with routes of its own beside those of the accounts."""

from typing import Any

from litestar import Litestar, Request, get, post
from litestar.exceptions import NotAuthorizedException

from accounts_core import Accounts, Caller, UserId
from accounts_core.errors import InvalidToken
from accounts_litestar import AccountsPlugin


def create_app(accounts: Accounts) -> Litestar:
    """Return the application."""
    notes: dict[UserId, list[str]] = {}

    async def caller_of(request: Request[Any, Any, Any]) -> Caller:
        try:
            return await accounts.authenticate(request.headers.get("Authorization", "").removeprefix("Bearer "))
        except InvalidToken:
            raise NotAuthorizedException from None

    @get("/notes")
    async def list_notes(request: Request[Any, Any, Any]) -> list[str]:
        return notes.get((await caller_of(request)).user.id, [])

    @post("/notes")
    async def write_note(request: Request[Any, Any, Any]) -> list[str]:
        own = notes.setdefault((await caller_of(request)).user.id, [])
        own.append((await request.json())["text"])
        return own

    return Litestar([list_notes, write_note], plugins=[AccountsPlugin(accounts)])
