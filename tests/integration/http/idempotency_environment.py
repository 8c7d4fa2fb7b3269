"""A service over a store that fails when it is told to, with a host that can block a deletion."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import timedelta
from typing import Any, Final

import attrs
from tests.integration.http.client import Client, Run
from tests.integration.http.service import Service, Stored, serving

from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.ids import UserId
from accounts_core.model.policy import Policy
from accounts_core.model.rate_limits import RateLimit, in_every_scope
from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.ports.store import Reader, Store, UnitOfWork
from accounts_memory import MemoryRateLimiter

KEY: Final = {"Idempotency-Key": "key-1"}
USER, PROFILE = "/api/v1/user", "/api/users/current"


class HostData:
    """What a host has about users: nothing but a reason against a deletion, while there is one."""

    blocked_by: tuple[str, ...] = ()

    async def preview(self, work: UnitOfWork, user_id: UserId) -> DeletionPreview:
        return DeletionPreview(blocked_by=self.blocked_by)

    async def export(self, work: UnitOfWork, user_id: UserId) -> Mapping[str, Any]:
        return {}

    async def erase(self, work: UnitOfWork, user_id: UserId) -> None: ...
    async def disassociate(self, work: UnitOfWork, user_id: UserId) -> None: ...


@attrs.define
class Failing:
    """A store whose next units fail, but for the first `after` of them."""

    store: Store[UnitOfWork]
    errors: list[Exception] = attrs.field(factory=list)
    after: int = 0

    @property
    def commits(self) -> bool:
        return self.store.commits

    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]:
        if self.after:
            self.after -= 1
        elif self.errors:
            raise self.errors.pop()
        return self.store.begin()

    def rate_limiter(self) -> RateLimiter:
        return self.store.rate_limiter()

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        return self.store.reader()

    def joined(self, transaction: object) -> Store[UnitOfWork]:
        return self.store.joined(transaction)


@attrs.frozen
class Environment:
    service: Service
    host: HostData
    store: Failing
    jane: Client


@contextmanager
def env_over(run: Run, stored: Stored) -> Iterator[Environment]:
    """Run a service in which Jane has signed up; a user sends one invitation an hour."""
    host, store = HostData(), Failing(stored.store)
    policy = Policy(limits=in_every_scope({"invite": RateLimit(1, timedelta(hours=1))}))
    with serving(
        run, attrs.evolve(stored, store=store), policy=policy, limits=MemoryRateLimiter(), owned_data=[host]
    ) as service:
        yield Environment(service, host, store, service.api.sign_up())
