"""Health checks: whether the process runs, and whether it can serve requests."""

import logging
from typing import Any, Final

from accounts_core import Accounts
from accounts_core.errors import InvalidToken, Unavailable
from accounts_core.model.tokens import TOKEN_BYTES, new_token
from accounts_http.api.answers import Answer
from accounts_http.api.calls import Call
from accounts_http.api.endpoints import Endpoints, Service
from accounts_http.api.routes import public_get
from accounts_http.openapi.declarations import Docs
from accounts_http.readiness import Check
from accounts_http.schemas.health import Health

logger: Final = logging.getLogger("accounts_http")

UNUSED_TOKEN: Final = new_token(bytes(TOKEN_BYTES))
"""Well-formed, so that the store is asked for it; as likely to be anybody's as any other guess."""


class HealthApi(Endpoints):
    path = "/health"
    area = "health"
    tags = ("Health",)

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self._check = service.options.ready or store_check(service.accounts)

    @public_get("/live", docs=Docs("live", "Check liveness", example=Health(), problems=(400,), always=()))
    async def live(self, call: Call[None]) -> Answer[Health]:  # noqa: ARG002  as every handler
        return Answer(Health())

    @public_get("/ready", docs=Docs("ready", "Check readiness", example=Health(), problems=(400,), always=(503,)))
    async def ready(self, call: Call[None]) -> Answer[Health]:  # noqa: ARG002  as every handler
        """Checks that the store answers."""
        try:
            await self.service.within(self._check, self.service.options.readiness_seconds)
        except Exception as error:  # every exception of a host's check means the same
            logger.warning("Not ready: %r", error)
            raise Unavailable("Not ready.") from error
        return Answer(Health())


def store_check(accounts: Accounts[Any]) -> Check:
    """Return a check that looks up a session that does not exist in the store."""

    async def check() -> None:
        try:
            await accounts.authenticate(UNUSED_TOKEN)
        except InvalidToken:
            return

    return check
