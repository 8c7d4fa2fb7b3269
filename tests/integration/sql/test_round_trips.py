"""A lone read is one round trip, on every driver: no BEGIN before it, no ROLLBACK after it, no ping."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from tests.integration.round_trips import RoundTripCounter
from tests.integration.sql.backends import ASYNCPG, PSYCOPG, Backend

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import SessionsEnded
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.jobs import JobKind, topics_of
from accounts_core.model.paging import Cursor
from accounts_core.ports.store import Reader
from accounts_core.testing.builders import (
    NOON,
    a_card,
    a_job,
    a_membership,
    a_notification,
    a_session,
    a_team,
    a_user,
    a_verification,
    an_interaction,
    an_invitation,
    at,
    digest_of_session,
)
from accounts_core.testing.contracts.mail_tokens import a_token
from accounts_core.testing.harness import keep
from accounts_sql.connections.checkouts import is_ready

pytestmark = pytest.mark.usefixtures("drive")

JANE, GUEST = UserId(1), EmailAddress("guest@example.org")

PREPARED_AFTER = 6
"""psycopg prepares a statement that it sees for the sixth time; asyncpg, the first."""

READS: dict[str, Callable[[Reader], Awaitable[Any]]] = {
    "users.find": lambda reader: reader.users.find(JANE),
    "users.find_by_email": lambda reader: reader.users.find_by_email(EmailAddress("user1@example.org")),
    "users.find_by_customer": lambda reader: reader.users.find_by_customer("cus_1"),
    "users.list_with_customer": lambda reader: reader.users.list_with_customer(limit=5),
    "sessions.resolve": lambda reader: reader.sessions.resolve(digest_of_session("ses_1")),
    "sessions.resolve_with_cards": lambda reader: reader.sessions.resolve_with_cards(digest_of_session("ses_1")),
    "payment_methods.list_for_user": lambda reader: reader.payment_methods.list_for_user(JANE),
    "verifications.find": lambda reader: reader.verifications.find("ver_1"),
    "verifications.find_latest": lambda reader: reader.verifications.find_latest(JANE, "pm_of_ver_1"),
    "verifications.find_by_payment_method": lambda reader: reader.verifications.find_by_payment_method(JANE, "pm_1"),
    "verifications.list_open_for_customer": lambda reader: reader.verifications.list_open_for_customer("cus_1"),
    "notifications.list_for_user": lambda reader: reader.notifications.list_for_user(JANE, limit=99),
    "notifications.list_for_user, a page": lambda reader: reader.notifications.list_for_user(
        JANE, limit=5, before=Cursor(at(1), "ntf_2")
    ),
    "notifications.find": lambda reader: reader.notifications.find("ntf_1"),
    "sessions.list_for_user": lambda reader: reader.sessions.list_for_user(
        JANE, limit=5, before=Cursor(at(1), "ses_2")
    ),
    "sessions.find": lambda reader: reader.sessions.find("ses_1"),
    "teams.find_interaction": lambda reader: reader.teams.find_interaction("int_1"),
    "audit.list": lambda reader: reader.audit.list(user_id=JANE, limit=5, before=10**9),
    "teams.find_view": lambda reader: reader.teams.find_view(TeamId(1), JANE),
    "teams.list_for_user": lambda reader: reader.teams.list_for_user(JANE, limit=5, before=TeamId(2)),
    "teams.list_members": lambda reader: reader.teams.list_members(TeamId(1), limit=5, before=UserId(2)),
    "teams.list_interactions": lambda reader: reader.teams.list_interactions(
        TeamId(1), limit=5, before=Cursor(at(1), "int_2")
    ),
    "teams.list_invitations_to": lambda reader: reader.teams.list_invitations_to(
        GUEST, limit=5, before=Cursor(at(1), "inv_2")
    ),
    "teams.find_invitation": lambda reader: reader.teams.find_invitation("inv_1"),
    "teams.list_interactions_by": lambda reader: reader.teams.list_interactions_by(
        JANE, limit=5, before=Cursor(at(1), "")
    ),
    "mail_tokens.list_for_user": lambda reader: reader.mail_tokens.list_for_user(
        JANE, limit=5, before=Cursor(at(1), b"")
    ),
    "outbox.find": lambda reader: reader.outbox.find("job_1"),
    "outbox.any_due": lambda reader: reader.outbox.any_due(now=NOON),
    "outbox.any_due, of topics": lambda reader: reader.outbox.any_due(now=NOON, topics=topics_of({JobKind.PROVIDER})),
    "outbox.any_due_after": lambda reader: reader.outbox.any_due_after(after=at(-1)),
    "outbox.list": lambda reader: reader.outbox.list(limit=5),
}


@pytest.fixture
def counter(backend: Backend) -> Iterator[RoundTripCounter]:
    """Counts on the backend's engine, which connects anew."""
    backend.drive(backend.dispose(backend.engine))
    with RoundTripCounter(backend.engine) as counter:
        yield counter
        backend.drive(backend.dispose(backend.engine))


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_each_lone_read_is_one_round_trip(
    backend: Backend, counter: RoundTripCounter, read: Callable[[Reader], Awaitable[Any]]
) -> None:
    store = backend.store()
    await keep(store, a_user(1, customer_id="cus_1"), a_user(2), a_session(), a_card(is_default=True))
    await keep(store, a_verification(customer_id="cus_1", payment_method="pm_1"))
    await keep(store, *[a_notification(f"ntf_{n}") for n in (1, 2)], a_team(1), a_team(2), a_membership(), a_job())
    await keep(store, *[an_invitation(f"inv_{n}", n, email=GUEST) for n in (1, 2)])
    await keep(store, *[an_interaction(f"int_{n}") for n in (1, 2)])
    await keep(store, SessionsEnded(user_id=JANE, at=NOON, count=1))
    async with store.begin() as work:
        await work.mail_tokens.add(a_token())
    async with store.reader() as reader:
        for _ in range(PREPARED_AFTER):
            assert await read(reader)

        with counter.counting() as trips:
            assert await read(reader)

    assert trips.count == 1


async def test_opening_the_views_asks_nothing(backend: Backend, counter: RoundTripCounter) -> None:
    store = backend.store()
    await keep(store, a_user())

    with counter.counting() as trips:
        async with store.reader():
            pass

    assert trips.count == 0


async def test_a_unit_of_one_statement_is_begin_statement_commit(backend: Backend, counter: RoundTripCounter) -> None:
    store = backend.store()
    for n in range(1, PREPARED_AFTER + 1):
        await keep(store, a_user(n))

    with counter.counting() as trips:
        await keep(store, a_user(99))

    assert trips.count == 3


async def test_without_the_fast_path_the_same_read_is_a_transaction(
    backend: Backend, counter: RoundTripCounter
) -> None:
    """So the counter sees what SQLAlchemy runs, too, and the tests above can fail."""
    store = backend.store(fast=False)
    await keep(backend.store(), a_user())
    async with store.reader() as reader:
        for _ in range(PREPARED_AFTER):
            await reader.users.find(JANE)

        with counter.counting() as trips:
            assert await reader.users.find(JANE) == a_user()

    assert trips.count == (3 if backend.driver in {PSYCOPG, ASYNCPG} else 1)


@pytest.mark.parametrize("backend", [ASYNCPG], indirect=True)
async def test_an_idle_pool_lends_without_a_greenlet(backend: Backend, store: Any) -> None:
    """`is_ready` reads names that SQLAlchemy keeps to itself: if they move, this fails, and reads only get slower."""
    await keep(store, a_user())

    assert is_ready(backend.pool)
