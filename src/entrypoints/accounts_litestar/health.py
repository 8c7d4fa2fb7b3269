"""Whether the process runs, and whether it can work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final, Literal, cast

import msgspec
from litestar import Controller, get

from accounts_core import Accounts
from accounts_core.errors import InvalidToken, Unavailable
from accounts_core.model.tokens import TOKEN_BYTES, new_token
from accounts_litestar.answers import Answer
from accounts_litestar.openapi import documented

logger: Final = logging.getLogger("accounts_litestar")

NOBODYS_TOKEN: Final = new_token(bytes(TOKEN_BYTES))
"""Well-formed, so that the store is asked for it; as likely to be anybody's as any other guess."""


class Health(msgspec.Struct):
    status: Literal["ok"] = "ok"


class HealthApi(Controller):
    path = "/health"
    tags = ("Health",)
    check: ClassVar[tuple[Callable[[], Awaitable[object]], float]]

    @get(
        "/live", **documented("live", "Is the process there", example=Health(), public=True, problems=[400], anyhow=[])
    )
    async def live(self) -> Answer[Health]:
        return Answer(Health())

    @get("/ready", **documented("ready", "Can it work", example=Health(), public=True, problems=[400], anyhow=[503]))
    async def ready(self) -> Answer[Health]:
        """The store answers."""
        check, limit_seconds = self.check
        try:
            await asyncio.wait_for(_awaited(check), limit_seconds)
        except Exception as error:  # whatever a host's check raises says the same
            logger.warning("Not ready: %r", error)
            raise Unavailable("Not ready.") from error
        return Answer(Health())


async def _awaited(check: Callable[[], Awaitable[object]]) -> None:
    await check()


def health(check: Callable[[], Awaitable[object]], *, limit_seconds: float) -> type[HealthApi]:
    """Return the health endpoints over a check that raises unless the service can work."""
    return cast("type[HealthApi]", type("HealthApi", (HealthApi,), {"check": (check, limit_seconds)}))


def store_answers(accounts: Accounts[Any]) -> Callable[[], Awaitable[None]]:
    """Return a check that asks the store for a session that nobody has."""

    async def check() -> None:
        try:
            await accounts.authenticate(NOBODYS_TOKEN)
        except InvalidToken:
            return

    return check
