"""Whatever changes something of a user or of a team does it with the row of either locked, in the same unit of work.

The memory store has no locks, and two calls at once are rare elsewhere: so what each unit asked for is looked at. The
acts are those of `acts`.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final, Literal, cast

import attrs
import pytest
from tests.unit.core.conftest import Core, Environment
from tests.unit.core.use_cases.acts.addresses import ADDRESSES
from tests.unit.core.use_cases.acts.cards import CARDS
from tests.unit.core.use_cases.acts.identity import IDENTITY
from tests.unit.core.use_cases.acts.stage import Act, run_out, set_up
from tests.unit.core.use_cases.acts.teams import TEAMS

from accounts_core import Policy, run_sync
from accounts_core.model.events import DomainEvent
from accounts_memory import MemoryRateLimiter, MemoryStore, MemoryUnitOfWork

ACTS: Mapping[str, Act] = {**IDENTITY, **ADDRESSES, **CARDS, **TEAMS}

OF_A_USER: Final = {
    "users": {"save", "delete"},
    "sessions": {"add", "delete", "delete_for_user", "delete_oldest_for_user"},
    "mail_tokens": {"add", "delete_for_user"},
    "devices": {"add", "delete_for_user"},
    "payment_methods": {"save"},
    "verifications": {"add", "delete_ended_for_user"},
}
"""What is written with the user locked. A verification's own steps are kept apart by its version."""
OF_A_TEAM: Final = {
    "teams": {
        "save",
        "delete",
        "add_member",
        "delete_member",
        "add_invitation",
        "delete_invitation",
        "add_interaction",
    },
}
OF_BOTH: Final = {("teams", "add_invitation")}
"""An invitation that waits for its sender is either seen by the sender's verification, or sees it."""
UNLOCKED: Final = {
    "decline an invitation": {"teams.delete_invitation", "record.InvitationDeclined"},
    "verify a card that is declined": {"record.CardRejected"},
}
"""What is written without a lock all the same: `delete_invitation` tells by its answer who was first, a verification
by its version."""


class _Watched:
    """A repository whose calls are noted."""

    def __init__(self, name: str, repository: Any, note: Callable[[str, str, Mapping[str, Any]], None]) -> None:
        self._name, self._repository, self._note = name, repository, note

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._repository, method)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._note(self._name, method, kwargs)
            return found(*args, **kwargs)

        return call


class _WatchedUnit:
    def __init__(self, work: MemoryUnitOfWork, problems: list[str]) -> None:
        self._work, self._problems = work, problems
        self._locked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._work, name)
        return _Watched(name, found, self._note) if name in {*OF_A_USER, *OF_A_TEAM} else found

    def record(self, event: DomainEvent) -> None:
        if not self._locked:
            self._problems.append(f"record.{type(event).__name__}")
        self._work.record(event)

    def _note(self, name: str, method: str, kwargs: Mapping[str, Any]) -> None:
        if (name, method) in OF_BOTH and "users" not in self._locked:
            self._problems.append(f"{name}.{method} without the sender")
        if (method == "get" and kwargs.get("lock")) or (name, method) in {("users", "add"), ("teams", "add")}:
            self._locked.add(name)
        if method in OF_A_USER.get(name, ()) and "users" not in self._locked:
            self._problems.append(f"{name}.{method}")
        if method in OF_A_TEAM.get(name, ()) and "teams" not in self._locked:
            self._problems.append(f"{name}.{method}")


class WatchedStore(MemoryStore):
    """A store that notes what is written without a lock."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.problems: list[str] = []
        self.open = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with super().begin() as work:
            self.open += 1
            try:
                yield _WatchedUnit(work, self.problems)
            finally:
                self.open -= 1


class _Outside:
    """A port that may take long, or has locks of its own: it notes when it is asked within a unit of work."""

    suspends: ClassVar[Literal[False]] = False

    def __init__(self, port: Any, store: WatchedStore) -> None:
        self._port, self._store = port, store

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not inspect.iscoroutinefunction(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            if self._store.open:
                self._store.problems.append(f"{type(self._port).__name__}.{name}")
            return found(*args, **kwargs)

        return call


@pytest.mark.parametrize("name", ACTS)
def test_nothing_slow_is_done_within_a_unit_of_work(env: Environment, name: str) -> None:
    """Hashes, limits, mails and the provider may take long, and a unit holds its locks for as long as it lasts."""
    store = WatchedStore(subscribers=[env.events])
    act = ACTS[name]
    outside: dict[str, Any] = {
        "gateway": _Outside(env.gateway, store),
        "mailer": _Outside(env.mailer, store),
        "hasher": _Outside(env.hasher, store),
    }
    stage = set_up(attrs.evolve(env, store=store, **outside), act)
    limited = stage.env.accounts(
        act.policy, cast("MemoryRateLimiter", _Outside(MemoryRateLimiter(), store)), profile_type=act.profile_type
    )
    stage = attrs.evolve(stage, accounts=limited)
    run_out(stage.accounts)
    store.problems.clear()

    act.do(stage)
    run_out(stage.accounts)

    assert [problem for problem in store.problems if problem.startswith("Memory") or "Hasher" in problem] == []


@pytest.mark.parametrize("name", ACTS)
def test_nothing_of_a_user_or_a_team_is_written_without_its_lock(env: Environment, name: str) -> None:
    store = WatchedStore(subscribers=[env.events])
    watched = attrs.evolve(env, store=store)
    stage = set_up(watched, ACTS[name])
    run_out(stage.accounts)
    store.problems.clear()

    ACTS[name].do(stage)
    run_out(stage.accounts)

    allowed = UNLOCKED.get(name, set())
    assert [problem for problem in store.problems if problem not in allowed] == []


def test_a_write_without_a_lock_is_noticed(env: Environment) -> None:
    store = WatchedStore(subscribers=[env.events])
    accounts: Core = attrs.evolve(env, store=store).accounts(Policy())
    user = accounts.register(email="jane@example.org", password="correct horse battery staple", name="Jane")

    async def rename() -> None:
        async with store.begin() as work:
            await work.users.save((await work.users.get(user.id)).rename("Janet", at=env.clock.now()))

    run_sync(rename())
    assert store.problems == ["users.save"]
