"""What somebody is in a team, and which invitations are open, is looked at again under the team's lock (U15, A15).

Two real units: the first holds the lock and changes something, the second waits for it, and what it read before is not
so any more when it goes on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from tests.driven import accounts_of
from tests.integration.sql.backends import ASYNCPG, PSYCOPG, Backend

from accounts_core import MailDispatch
from accounts_core.errors import AccountsError, NotAllowed, NotFound
from accounts_core.model.ids import TeamId, UserId
from accounts_core.testing.builders import NOON, a_membership, a_team, a_user, an_invitation
from accounts_core.testing.harness import keep
from accounts_memory import ManualClock, MemoryGateway, MemoryMailer, PlainHasher, SequenceSecrets

pytestmark = [
    pytest.mark.usefixtures("drive"),
    pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True),
]

OWNER, MEMBER, GUEST, TEAM = UserId(1), UserId(2), UserId(3), TeamId(1)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
PATIENCE_SECONDS = 20


async def remove_member(work: Any) -> None:
    assert await work.teams.delete_member(TEAM, MEMBER)


async def revoke(work: Any) -> None:
    assert await work.teams.delete_invitation("inv_1")


async def hand_over(work: Any) -> None:
    """Leave the invitations, as a version before did: accepting has to see for itself."""
    await work.teams.delete_member(TEAM, MEMBER)
    await work.teams.add_member(a_membership(TEAM, OWNER))
    await work.teams.save((await work.teams.get(TEAM)).hand_over(MEMBER))


async def deactivate(work: Any) -> None:
    await work.users.save((await work.users.get(OWNER, lock=True)).deactivate(at=NOON))


CASES: dict[str, tuple[Callable[[Any], Awaitable[None]], Callable[[Any], Awaitable[object]], type[AccountsError]]] = {
    "U15: writing by a member who is being removed": (
        remove_member,
        lambda accounts: accounts.write_interaction(MEMBER, TEAM, body="too late"),
        NotFound,
    ),
    "accepting what is being revoked": (revoke, lambda accounts: accounts.accept_invitation(GUEST, "inv_1"), NotFound),
    "accepting what ends with a handover": (
        hand_over,
        lambda accounts: accounts.accept_invitation(GUEST, "inv_1"),
        NotFound,
    ),
    "accepting while the owner is being deactivated": (
        deactivate,
        lambda accounts: accounts.accept_invitation(GUEST, "inv_1"),
        NotFound,
    ),
    "resending what is being revoked": (
        revoke,
        lambda accounts: accounts.resend_invitation(OWNER, TEAM, "inv_1"),
        NotFound,
    ),
    "revoking what is being revoked": (
        revoke,
        lambda accounts: accounts.revoke_invitation(OWNER, TEAM, "inv_1"),
        NotFound,
    ),
    "inviting by an owner who is handing over": (
        hand_over,
        lambda accounts: accounts.invite_to_team(OWNER, TEAM, email="new@example.org"),
        NotAllowed,
    ),
    "renaming by an owner who is handing over": (
        hand_over,
        lambda accounts: accounts.rename_team(OWNER, TEAM, name="Mine"),
        NotAllowed,
    ),
}


@pytest.mark.parametrize(("first", "second", "refusal"), CASES.values(), ids=CASES)
async def test_whoever_waited_for_the_teams_lock_is_judged_by_what_is_so_then(
    backend: Backend,
    first: Callable[[Any], Awaitable[None]],
    second: Callable[[Any], Awaitable[object]],
    refusal: type[AccountsError],
) -> None:
    store, secrets = backend.store(), SequenceSecrets()
    guest = a_user(GUEST, email_verified_at=NOON)
    await keep(store, a_user(OWNER), a_user(MEMBER), guest, a_team(), a_membership())
    await keep(store, an_invitation(email=guest.email))
    clock = ManualClock(NOON)
    ports: dict[str, Any] = {
        "mail_dispatch": MailDispatch.WORKER,
        "limits": None,
        "store": store,
        "payments": MemoryGateway(clock=clock, secrets=secrets),
        "passwords": PlainHasher(),
        "mailer": MemoryMailer(),
        "clock": clock,
        "secrets": secrets,
    }
    accounts = accounts_of(**ports)
    is_locked = False

    async def until(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "nobody waits for the lock"
            if backend.is_async:
                await asyncio.sleep(0.01)
            else:
                time.sleep(0.01)  # noqa: ASYNC251  a thread of its own, without a loop

    def somebody_waits() -> bool:
        with psycopg.connect(backend.url) as connection:
            row = connection.execute(WAITING).fetchone()
        return row is not None and row[0] > 0

    async def hold_the_lock() -> None:
        nonlocal is_locked
        async with store.begin() as work:
            await work.teams.get(TEAM, lock=True)
            await first(work)
            is_locked = True
            await until(somebody_waits)

    async def come_second() -> None:
        await until(lambda: is_locked)
        await second(accounts)

    held, refused = await backend.concurrently(hold_the_lock, come_second)

    assert held is None
    assert type(refused) is refusal
    async with store.reader() as reader:
        assert list(await reader.teams.list_interactions(TEAM, limit=9)) == []
        assert await reader.teams.find_view(TEAM, GUEST) is None
        team = await reader.teams.find_view(TEAM, OWNER)
        assert team is not None
        assert team.team.name == "Bookshop"
        assert {entry.action for entry in await reader.audit.list(limit=9)} == set()
        assert list(await reader.outbox.list(limit=9)) == []
