"""F1: an answer that belongs to another question is an error, never another person, and its connection is dropped.

Each read asks for Jane's; the driver is made to ask for John's instead, whose rows then come back, as they do from
a connection that two processes share or a pooler that mixes two clients up.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.integration.sql.backends import Backend

from accounts_core.errors import AnswerMismatch
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import SessionsEnded
from accounts_core.model.idempotency import IdempotencyRecord
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.mail_token import MailToken, MailTokenPurpose
from accounts_core.model.paging import Cursor
from accounts_core.model.rate_limits import RateLimit, scope_digest
from accounts_core.model.secret_values import TokenDigest
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
from accounts_core.testing.contracts.sign_ups import a_sign_up
from accounts_core.testing.harness import keep
from accounts_sql.statements.queries import Compiled, Query

pytestmark = pytest.mark.usefixtures("drive")

JANE, JOHN = 1, 2

Read = Callable[[Any, int], Awaitable[Any]]


def guest(n: int) -> EmailAddress:
    return EmailAddress(f"guest{n}@example.org")


LONE: dict[str, Read] = {
    "users.find": lambda it, n: it.users.find(UserId(n)),
    "users.find_by_email": lambda it, n: it.users.find_by_email(EmailAddress(f"user{n}@example.org")),
    "users.find_by_customer": lambda it, n: it.users.find_by_customer(f"cus_{n}"),
    "sessions.resolve": lambda it, n: it.sessions.resolve(digest_of_session(f"ses_{n}")),
    "sessions.resolve_with_cards": lambda it, n: it.sessions.resolve_with_cards(digest_of_session(f"ses_{n}")),
    "sessions.list_for_user": lambda it, n: it.sessions.list_for_user(UserId(n), limit=99),
    "payment_methods.list_for_user": lambda it, n: it.payment_methods.list_for_user(UserId(n)),
    "verifications.find": lambda it, n: it.verifications.find(f"ver_{n}"),
    "verifications.find_latest": lambda it, n: it.verifications.find_latest(UserId(n), f"pm_of_ver_{n}"),
    "verifications.find_by_payment_method": lambda it, n: it.verifications.find_by_payment_method(UserId(n), f"pm_{n}"),
    "verifications.find_by_idempotency_key": lambda it, n: it.verifications.find_by_idempotency_key(
        UserId(n), f"key_{n}"
    ),
    "verifications.list_open_for_customer": lambda it, n: it.verifications.list_open_for_customer(f"cus_{n}"),
    "notifications.list_for_user": lambda it, n: it.notifications.list_for_user(UserId(n), limit=99),
    "notifications.list_for_user, a page": lambda it, n: it.notifications.list_for_user(
        UserId(n), limit=5, before=Cursor(at(1), f"ntf_{n}")
    ),
    "teams.find_view": lambda it, n: it.teams.find_view(TeamId(n), UserId(n)),
    "teams.find_view, as another member": lambda it, n: it.teams.find_view(TeamId(1), UserId(n)),
    "notifications.find": lambda it, n: it.notifications.find(f"ntf_{n}_1"),
    "sessions.find": lambda it, n: it.sessions.find(f"ses_{n}"),
    "teams.find_interaction": lambda it, n: it.teams.find_interaction(f"int_{n}"),
    "teams.list_for_user": lambda it, n: it.teams.list_for_user(UserId(n), limit=5),
    "teams.list_for_user, a page": lambda it, n: it.teams.list_for_user(UserId(n), limit=5, before=TeamId(2)),
    "teams.list_members": lambda it, n: it.teams.list_members(TeamId(n), limit=5),
    "teams.list_members, a page": lambda it, n: it.teams.list_members(TeamId(n), limit=5, before=UserId(3)),
    "teams.list_interactions": lambda it, n: it.teams.list_interactions(TeamId(n), limit=5),
    "teams.list_invitations_to": lambda it, n: it.teams.list_invitations_to(guest(n), limit=5),
    "teams.find_invitation": lambda it, n: it.teams.find_invitation(f"inv_{n}"),
    "outbox.find": lambda it, n: it.outbox.find(f"job_{n}"),
    "audit.list": lambda it, n: it.audit.list(user_id=UserId(n), limit=5),
}
IN_A_UNIT: dict[str, Read] = {
    "users.get": lambda it, n: it.users.get(UserId(n)),
    "users.get, locked": lambda it, n: it.users.get(UserId(n), lock=True),
    "sessions.count_for_user": lambda it, n: it.sessions.count_for_user(UserId(n)),
    "verifications.find_open": lambda it, n: it.verifications.find_open(UserId(n), f"pm_of_ver_{n}"),
    "verifications.list_for_user": lambda it, n: it.verifications.list_for_user(UserId(n), limit=5),
    "verifications.list_open_for_user": lambda it, n: it.verifications.list_open_for_user(UserId(n)),
    "notifications.count_for_user": lambda it, n: it.notifications.count_for_user(UserId(n)),
    "teams.get": lambda it, n: it.teams.get(TeamId(n)),
    "teams.get, locked": lambda it, n: it.teams.get(TeamId(n), lock=True),
    "teams.find_role": lambda it, n: it.teams.find_role(TeamId(1), UserId(n)),
    "teams.list_interactions_by": lambda it, n: it.teams.list_interactions_by(UserId(n), limit=5),
    "teams.list_invitations_by": lambda it, n: it.teams.list_invitations_by(UserId(n), limit=5),
    "teams.list_unmailed_invitations_by": lambda it, n: it.teams.list_unmailed_invitations_by(UserId(n), limit=5),
    "sign_ups.find": lambda it, n: it.sign_ups.find(f"sgn_{n}"),
    "sign_ups.find_by_digest": lambda it, n: it.sign_ups.find_by_digest(TokenDigest(bytes([n]) * 32)),
    "teams.count_footprint": lambda it, n: it.teams.count_footprint(UserId(n)),
    "mail_tokens.find": lambda it, n: it.mail_tokens.find(TokenDigest(bytes([n]) * 32)),
    "mail_tokens.list_for_user": lambda it, n: it.mail_tokens.list_for_user(UserId(n), limit=5),
    "devices.count_for_user": lambda it, n: it.devices.count_for_user(UserId(n)),
    "devices.list_for_user": lambda it, n: it.devices.list_for_user(UserId(n), limit=5),
    "idempotency.find": lambda it, n: it.idempotency.find(bytes([n]) * 32),
    "idempotency.list_for_user": lambda it, n: it.idempotency.list_for_user(UserId(n), limit=5),
}


async def populate(store: Any) -> None:
    people = [a_user(n, customer_id=f"cus_{n}") for n in (JANE, JOHN)]
    await keep(store, *people, a_user(3))
    for n in (JANE, JOHN):
        await keep(
            store,
            a_session(f"ses_{n}", n),
            a_card(f"pm_{n}", n),
            attrs.evolve(
                a_verification(f"ver_{n}", n, customer_id=f"cus_{n}", payment_method=f"pm_{n}"),
                idempotency_key=f"key_{n}",
            ),
            a_notification(f"ntf_{n}_1", n),
            a_notification(f"ntf_{n}_2", n),
            a_team(n, n),
            an_interaction(f"int_{n}", n, n),
            an_invitation(f"inv_{n}", n, email=guest(n), invited_by=UserId(n), is_mail_pending=True),
            a_job(f"job_{n}"),
        )
        async with store.begin() as work:
            await work.mail_tokens.add(
                MailToken(
                    digest=TokenDigest(bytes([n]) * 32),
                    user_id=UserId(n),
                    purpose=MailTokenPurpose.RESET_PASSWORD,
                    email=guest(n),
                    created_at=NOON,
                    expires_at=at(60),
                )
            )
            await work.devices.add(UserId(n), bytes([n]) * 32, at=NOON)
            await work.sign_ups.add(a_sign_up(n, digest=TokenDigest(bytes([n]) * 32)))
            await work.idempotency.add(
                IdempotencyRecord(
                    scope=bytes([n]) * 32,
                    user_id=UserId(n),
                    fingerprint=b"f" * 32,
                    claim="claim",
                    created_at=NOON,
                    claimed_until=at(1),
                )
            )
        await keep(store, SessionsEnded(user_id=UserId(n), at=NOON, count=1))
    await keep(store, a_membership(1, 2), a_membership(2, 1), a_membership(1, 3), a_membership(2, 3))


@contextmanager
def mixed_up(monkeypatch: pytest.MonkeyPatch, sent: Mapping[str, Any]) -> Iterator[None]:
    """Have the driver asked for `sent`, whatever is asked; the answer is looked at as an answer to what was asked."""
    execute, values = _execution()
    with monkeypatch.context() as patch:
        patch.setattr(Compiled, "values", lambda compiled, asked: values(compiled, {**asked, **sent}))
        for executor, original in execute.items():
            patch.setattr(
                executor, "_execute", lambda it, statement, asked, do=original: do(it, statement, {**asked, **sent})
            )
        yield


def _execution() -> tuple[dict[Any, Any], Any]:
    from accounts_sql.connections.executors import AsyncExecutor, SyncExecutor

    return {each: each._execute for each in (SyncExecutor, AsyncExecutor)}, Compiled.values


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Note what is asked."""
    asked: dict[str, Any] = {}
    check = Query.check

    def noting(query: Any, rows: Any, values: Mapping[str, Any]) -> None:
        asked.update(values)
        check(query, rows, values)

    with monkeypatch.context() as patch:
        patch.setattr(Query, "check", noting)
        yield asked


@contextmanager
def counting_dropped(backend: Backend) -> Iterator[list[object]]:
    """Note each connection that is thrown away."""
    dropped: list[object] = []

    def note(connection: object, *_: object) -> None:
        dropped.append(connection)

    engine: sa.Engine = backend.engine.sync_engine if isinstance(backend.engine, AsyncEngine) else backend.engine
    sa.event.listen(engine, "invalidate", note)
    yield dropped
    sa.event.remove(engine, "invalidate", note)


@pytest.mark.parametrize("fast", [True, False], ids=["on the driver", "through SQLAlchemy"])
async def test_f1_a_lone_read_that_is_answered_with_anothers_is_an_error(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    await populate(backend.store())
    seen: dict[str, object] = {}
    async with backend.store(fast=fast).reader() as reader:
        for name, read in LONE.items():
            right = await read(reader, JANE)
            with recorded(monkeypatch) as sent:
                wrong = await read(reader, JOHN)
            assert wrong, name
            assert wrong != right

            with counting_dropped(backend) as dropped, mixed_up(monkeypatch, sent):
                seen[name] = await outcome(read(reader, JANE)), len(dropped)
            assert await read(reader, JANE) == right

    assert seen == dict.fromkeys(LONE, (AnswerMismatch, 1))


async def test_f1_a_read_in_a_unit_that_is_answered_with_anothers_ends_the_unit(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = backend.store()
    await populate(store)
    seen: dict[str, object] = {}

    async def unit(read: Read, sent: Mapping[str, Any]) -> None:
        async with store.begin() as work:
            await work.users.save(attrs.evolve(await work.users.get(UserId(JANE)), name="Somebody Else"))
            with mixed_up(monkeypatch, sent), suppress(AnswerMismatch):
                await read(work, JANE)

    for name, read in {**IN_A_UNIT, **LONE}.items():
        async with store.begin() as work:
            with recorded(monkeypatch) as sent:
                assert await read(work, JOHN) is not None
        with counting_dropped(backend) as dropped:
            # whoever caught the error cannot go on, either
            seen[name] = await outcome(unit(read, sent)), len(dropped)

    assert seen == dict.fromkeys([*IN_A_UNIT, *LONE], (AnswerMismatch, 1))
    async with store.begin() as work:
        assert (await work.users.get(UserId(JANE))).name == a_user(JANE).name


async def outcome(asked: Awaitable[Any]) -> object:
    """Return what was returned, or the type of what was raised."""
    try:
        return await asked
    except Exception as error:  # noqa: BLE001  it is what is looked at
        return type(error)


async def test_f1_a_row_of_another_shape_is_an_error(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    store = backend.store()
    await populate(store)
    one: sa.Select[Any] = sa.select(sa.literal_column("1"))
    found: Any = LONE["users.find"]
    reader: Any
    async with store.reader() as reader:
        query = Query(one, lambda rows: rows)
        query._width = 2
        with pytest.raises(AnswerMismatch):
            await reader.users._db.fetch(query)

        assert await found(reader, JANE) is not None


async def test_f1_attempts_that_are_anothers_limit_nobody(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = backend.limits()
    scopes = {"jane": RateLimit(1, at(60) - NOON)}
    await limits.consume("sign-in", scopes, now=NOON)
    with (
        mixed_up(monkeypatch, {"within": scope_digest("jane")}),
        pytest.raises(AnswerMismatch),
    ):
        await limits.consume("sign-in", {"john": RateLimit(1, at(60) - NOON)}, now=NOON)
