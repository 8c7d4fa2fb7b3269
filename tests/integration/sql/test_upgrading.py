"""A database that an older version has filled is brought up to date with everything that is in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
import sqlalchemy as sa

from accounts_core.errors import Conflict
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import IdempotencyRecord
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.profile import ProfileFields
from accounts_core.model.secret_values import PasswordHash
from accounts_core.model.sign_up import SignUp
from accounts_core.model.user import User
from accounts_core.model.verification import CardVerification, State
from accounts_core.ports.cleanup import Expired
from accounts_core.testing.builders import (
    NOON,
    a_job,
    a_profile_data,
    a_team,
    a_user,
    a_verification,
    an_invitation,
    at,
)
from accounts_core.testing.harness import AnyStore, keep
from accounts_sql import SqlStore, create_engine, current_revision, is_current, migrate
from accounts_sql.statements import rows, team_rows
from accounts_sql.tables import metadata

pytestmark = pytest.mark.usefixtures("drive")

JANE = a_user(1, customer_id="cus_1", balance=-5, version=3)
MARY = a_user(2)
VERIFICATION = a_verification(customer_id="cus_1", state=State.HELD, hold_id="pi_1")
JOBS = [a_job("job_1", attempts=4, due=at(-1)), a_job("job_2", attempts=1, lease="lse_1", due=at(5))]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on a database at the first revision."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/old.db"
    engine = create_engine(url)
    migrate(engine, "0001")
    yield engine
    engine.dispose()


def write(engine: sa.Engine, table: str, values: dict[str, Any]) -> None:
    """Insert a row as the older version would have: with no more columns than the database has."""
    there = {column["name"] for column in sa.inspect(engine).get_columns(table)}
    with engine.begin() as connection:
        known = {name: value for name, value in values.items() if name in there}
        connection.execute(metadata.tables[table].insert().values(known))


def fill(engine: sa.Engine) -> None:
    for user in (JANE, MARY):
        write(engine, "accounts_users", rows.USER.values(user))
    write(engine, "accounts_card_verifications", rows.VERIFICATION.values(VERIFICATION))
    for job in JOBS:
        write(engine, "accounts_outbox", rows.JOB.values(job))


async def found(store: AnyStore, id: str) -> CardVerification | None:
    async with store.reader() as reader:
        return await reader.verifications.find(id)


async def everybody(store: AnyStore) -> list[User | None]:
    async with store.reader() as reader:
        return [await reader.users.find(UserId(n)) for n in (1, 2, 3)]


@pytest.mark.parametrize("revision", ["0001", "0002"])
async def test_what_an_older_revision_kept_is_there_after_the_upgrade(engine: sa.Engine, revision: str) -> None:
    migrate(engine, revision)
    fill(engine)

    migrate(engine)

    store = SqlStore(engine)
    assert is_current(engine)
    assert await everybody(store) == [JANE, MARY, None]
    async with store.reader() as reader:
        assert await reader.users.find_by_customer("cus_1") == JANE
        assert list(await reader.verifications.list_open_for_customer("cus_1")) == [VERIFICATION]
        assert list(await reader.outbox.list(limit=9)) == JOBS


async def test_work_that_was_waiting_goes_on_after_the_upgrade(engine: sa.Engine) -> None:
    fill(engine)
    migrate(engine)
    store = SqlStore(engine)

    async with store.begin() as work:
        (job,) = await work.outbox.claim(now=NOON, until=at(5), lease="lse_2", limit=9)
        await work.outbox.dead_letter(job, at=NOON, error="it keeps failing")
        await work.users.save(JANE.unlink_customer())
        assert await work.provider_events.add("evt_1", at=NOON)
    async with store.begin() as work:
        (job,) = await work.outbox.claim(now=at(5), until=at(9), lease="lse_3", limit=9)

    assert job == attrs.evolve(JOBS[1], lease="lse_3", attempts=2, due=at(9))


async def test_a_process_of_the_older_version_still_adds_users_after_the_upgrade(engine: sa.Engine) -> None:
    """While a fleet is being updated, both versions run on one database."""
    migrate(engine)
    later = {column.name for column in metadata.tables["accounts_users"].columns if column.server_default is not None}
    assert "lost_customers" in later
    as_before = {name: value for name, value in rows.USER.values(JANE).items() if name not in later}

    write(engine, "accounts_users", as_before)

    assert await everybody(SqlStore(engine)) == [JANE, None, None]


async def test_a_process_of_the_release_before_keeps_profile_data_that_it_does_not_know(engine: sa.Engine) -> None:
    migrate(engine)
    store, sign_up = (
        SqlStore(engine),
        SignUp.request(
            id="sgn_1",
            email=EmailAddress("mary@example.org"),
            profile=ProfileFields(name="Mary"),
            password_hash=PasswordHash("hash"),
            at=NOON,
            profile_data=a_profile_data(),
        ),
    )
    await keep(store, attrs.evolve(JANE, profile_data=a_profile_data()))
    async with store.begin() as work:
        await work.sign_ups.add(sign_up)

    with engine.begin() as connection:
        for table in ("accounts_users", "accounts_sign_ups"):
            connection.execute(metadata.tables[table].update().values(name="Jane Roe"))

    jane, _, _ = await everybody(store)
    assert jane == attrs.evolve(JANE, name="Jane Roe", profile_data=a_profile_data())
    async with store.begin() as work:
        assert await work.sign_ups.find("sgn_1") == attrs.evolve(sign_up, name="Jane Roe")


async def test_a_process_of_the_older_version_still_adds_verifications_after_the_upgrade(engine: sa.Engine) -> None:
    migrate(engine)
    as_before = rows.VERIFICATION.values(VERIFICATION)
    del as_before["unheard"]

    write(engine, "accounts_users", rows.USER.values(JANE))
    write(engine, "accounts_card_verifications", as_before)

    assert await found(SqlStore(engine), VERIFICATION.id) == VERIFICATION


async def test_a_process_of_the_release_before_adds_users_without_a_language_and_keeps_that_of_others(
    engine: sa.Engine,
) -> None:
    migrate(engine)
    jane = attrs.evolve(JANE, locale="de-AT", time_zone="Europe/Vienna")
    await keep(SqlStore(engine), jane)
    as_before = {name: value for name, value in rows.USER.values(MARY).items() if name not in {"locale", "time_zone"}}

    write(engine, "accounts_users", as_before)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE accounts_users SET name = 'Jane Roe' WHERE id = 1"))

    assert await everybody(SqlStore(engine)) == [attrs.evolve(jane, name="Jane Roe"), MARY, None]


async def test_whoever_is_at_the_bank_during_the_upgrade_is_still_to_be_told_the_outcome(engine: sa.Engine) -> None:
    """Otherwise the call after the challenge would make another hold."""
    migrate(engine, "0002")
    write(engine, "accounts_users", rows.USER.values(JANE))
    before = [a_verification(f"ver_{state}", state=state) for state in State]
    for verification in before:
        write(engine, "accounts_card_verifications", rows.VERIFICATION.values(verification))

    migrate(engine)

    expected = [attrs.evolve(each, outcome_undelivered=each.state is State.REQUIRES_ACTION) for each in before]
    assert [await found(SqlStore(engine), each.id) for each in before] == expected


async def test_users_who_share_a_customer_stop_the_upgrade_and_nothing_is_changed(engine: sa.Engine) -> None:
    """Whose cards they are is for an operator to say."""
    fill(engine)
    write(engine, "accounts_users", rows.USER.values(a_user(3, customer_id="cus_1")))

    with pytest.raises(Conflict, match="customer_id"):
        migrate(engine)

    assert current_revision(engine) == "0001"
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE accounts_users SET customer_id = NULL WHERE id = 3"))
    migrate(engine)
    assert await everybody(SqlStore(engine)) == [JANE, MARY, a_user(3)]


async def test_going_back_keeps_what_the_older_version_knows(engine: sa.Engine) -> None:
    migrate(engine)
    await keep(
        SqlStore(engine), attrs.evolve(JANE, lost_customers=2), attrs.evolve(VERIFICATION, outcome_undelivered=True)
    )
    await keep(SqlStore(engine), a_job(dead_lettered_at=NOON, last_error="it failed"))

    migrate(engine, "0001")
    migrate(engine)

    store = SqlStore(engine)
    assert await everybody(store) == [JANE, None, None]
    assert await found(store, VERIFICATION.id) == VERIFICATION
    async with store.reader() as reader:
        assert list(await reader.outbox.list(limit=9)) == [a_job()]


async def test_going_back_one_revision_keeps_what_that_one_knew(engine: sa.Engine) -> None:
    migrate(engine)
    parked = a_job(dead_lettered_at=NOON, last_error="it failed")
    jane = attrs.evolve(JANE, lost_customers=2)
    await keep(SqlStore(engine), jane, attrs.evolve(VERIFICATION, outcome_undelivered=True), parked)

    migrate(engine, "0002")
    migrate(engine)

    store = SqlStore(engine)
    assert await everybody(store) == [jane, None, None]
    assert await found(store, VERIFICATION.id) == VERIFICATION
    async with store.reader() as reader:
        assert list(await reader.outbox.list(limit=9)) == [parked]


KEPT: Final = [
    IdempotencyRecord(
        scope=bytes([number]) * 32,
        user_id=UserId(1),
        fingerprint=b"f" * 32,
        claim=f"clm_{number}",
        created_at=at(number),
        claimed_until=at(number + 1),
        answer=answer,
    )
    for number, answer in enumerate((None, b"", b"\x00\xff{}"))
]


async def test_requests_with_a_key_are_there_after_the_upgrade_and_after_going_back(engine: sa.Engine) -> None:
    """F11: the column of their user may be empty now, for which SQLite needs a new table."""
    migrate(engine, "0004")
    write(engine, "accounts_users", rows.USER.values(JANE))
    for request in KEPT:
        write(engine, "accounts_kept_requests", attrs.asdict(request))

    migrate(engine)

    async with SqlStore(engine).begin() as work:
        found = await work.idempotency.list_for_user(JANE.id, limit=9)
        assert [each.scope for each in found] == [request.scope for request in KEPT[::-1]]
        await work.idempotency.add(
            attrs.evolve(KEPT[0], scope=b"s" * 32, user_id=None, email_key="mary@example.org", answer=b"{}")
        )
    migrate(engine, "0004")
    with engine.connect() as connection:
        scopes = connection.execute(sa.text("SELECT scope FROM accounts_kept_requests ORDER BY scope")).scalars()
        assert [bytes(scope) for scope in scopes] == [request.scope for request in KEPT]


async def test_a_process_of_the_older_version_still_keeps_and_forgets_requests_after_the_upgrade(
    engine: sa.Engine,
) -> None:
    migrate(engine)
    write(engine, "accounts_users", rows.USER.values(JANE))
    as_before = attrs.asdict(KEPT[0])
    del as_before["email_key"]

    write(engine, "accounts_kept_requests", as_before)

    with engine.begin() as connection:
        assert connection.execute(sa.text("DELETE FROM accounts_kept_requests WHERE user_id = 1")).rowcount == 1


async def test_a_request_belongs_to_one_owner_in_the_database_too(engine: sa.Engine) -> None:
    migrate(engine)
    write(engine, "accounts_users", rows.USER.values(JANE))
    for owner in ({"user_id": None}, {"email_key": "mary@example.org"}):
        with pytest.raises(sa.exc.IntegrityError):
            write(engine, "accounts_kept_requests", attrs.asdict(KEPT[0]) | owner)


async def test_open_invitations_have_their_full_time_from_the_upgrade_on(engine: sa.Engine) -> None:
    migrate(engine, "0008")
    write(engine, "accounts_users", rows.USER.values(JANE))
    write(engine, "accounts_teams", team_rows.TEAM.values(a_team()))
    write(
        engine, "accounts_invitations", team_rows.INVITATION.values(an_invitation(created_at=NOON - timedelta(days=99)))
    )
    before = datetime.now(UTC) - timedelta(minutes=1)

    migrate(engine)

    async with SqlStore(engine).reader() as reader:
        (view,) = await reader.teams.list_invitations_into(TeamId(1), open_since=before, limit=9)
        assert view.invitation.created_at == NOON - timedelta(days=99)


async def test_a_process_of_the_older_version_still_invites_after_the_upgrade(engine: sa.Engine) -> None:
    migrate(engine)
    write(engine, "accounts_users", rows.USER.values(JANE))
    write(engine, "accounts_teams", team_rows.TEAM.values(a_team()))
    as_before = team_rows.INVITATION.values(an_invitation())
    del as_before["sent_at"]
    write(engine, "accounts_invitations", as_before)
    store = SqlStore(engine)

    async with store.reader() as reader:
        assert [
            each.invitation for each in await reader.teams.list_invitations_into(TeamId(1), open_since=at(-1), limit=9)
        ] == [an_invitation()]
    async with store.begin() as work:
        assert await work.cleanup.delete(Expired.INVITATIONS, until=at(-1), limit=9) == 0
        assert await work.cleanup.delete(Expired.INVITATIONS, until=NOON, limit=9) == 1


async def test_a18_the_addresses_that_older_entries_name_can_be_taken_out_after_the_upgrade(engine: sa.Engine) -> None:
    migrate(engine, "0008")
    entries = [
        ("invited", {"team_id": 1, "email": "\uff2aOHN@example.org"}),
        ("user_registered", {"email": "john@example.org"}),
        ("invited", {}),  # of somebody who was deleted
        ("invited", {"team_id": 2, "email": "mary@example.org"}),
    ]
    for action, details in entries:
        values = {"user_id": 1, "at": NOON, "by": "user", "action": action, "details": details}
        write(engine, "accounts_audit", values)

    migrate(engine)

    async with SqlStore(engine).begin() as work:
        await work.audit.redact_invited(EmailAddress("john@example.org"))
        found = await work.audit.list(limit=9)
    assert [(entry.action, dict(entry.details)) for entry in reversed(found)] == [
        ("invited", {"team_id": 1}),
        *entries[1:],
    ]
