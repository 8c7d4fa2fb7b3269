"""The stores on databases: what only many connections at once, or the comparison with memory, can tell."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import LOCKSTEP, locks, sql_contract

_SQL: Final = "adapters/accounts_sql"
_REPOSITORIES: Final = f"{_SQL}/repositories"

SQL: Final = (
    Mutant(
        name="sql: a lock on a user that locks nothing",
        file=f"{_REPOSITORIES}/users.py",
        old="_LOCK: Final = Query(_FIND.statement.with_for_update(key_share=True), first(rows.user), _IT)",
        new="_LOCK: Final = _FIND",
        check=locks("test_whoever_locks_what_is_locked_waits[user-psycopg]"),
    ),
    Mutant(
        name="sql: a lock on a team that locks nothing",
        file=f"{_REPOSITORIES}/teams.py",
        old="_LOCK: Final = Query(_GET.statement.with_for_update(key_share=True), first(rows.team), _IT)",
        new="_LOCK: Final = _GET",
        check=locks("test_whoever_locks_what_is_locked_waits[team-psycopg]"),
    ),
    Mutant(
        name="sql: a stale user is saved over a newer one",
        file=f"{_REPOSITORIES}/users.py",
        old='users.update().where(users.c.id == by_number("this"), users.c.version == by_number("seen"))',
        new='users.update().where(users.c.id == by_number("this"), users.c.version >= by_number("seen"))',
        check=sql_contract("TestUsers::test_a_stale_save_is_a_conflict_and_changes_nothing[sqlite3]"),
    ),
    Mutant(
        name="sql: two drivers of one verification who overwrite each other",
        file=f"{_REPOSITORIES}/verifications.py",
        old='    verifications.c.id == by_name("this"), verifications.c.version == by_number("seen")\n',
        new='    verifications.c.id == by_name("this"), verifications.c.version >= by_number("seen")\n',
        check=sql_contract("TestVerifications::test_a_stale_save_is_a_conflict_and_changes_nothing[sqlite3]"),
    ),
    Mutant(
        name="sql: a job that is ended by somebody whose lease is over",
        file=f"{_REPOSITORIES}/outbox.py",
        old='_HELD: Final = sa.and_(outbox.c.id == by_name("this"), outbox.c.lease == by_name("held_under"))',
        new='_HELD: Final = sa.or_(outbox.c.id == by_name("this"), outbox.c.lease == by_name("held_under"))',
        check=sql_contract("TestOutbox::test_whoever_lost_the_lease_can_no_longer_end_the_job[sqlite3-done]"),
    ),
    Mutant(
        name="sql: a job that two workers claim at once",
        file=f"{_REPOSITORIES}/outbox.py",
        old="        .limit(a_limit())\n        .with_for_update(skip_locked=True),\n",
        new="        .limit(a_limit()),\n",
        check=locks("test_a_job_that_somebody_is_claiming_is_nobody_elses_and_nobody_waits_for_it[psycopg]"),
    ),
    Mutant(
        name="sql: a claim that keeps nobody away",
        file=f"{_REPOSITORIES}/outbox.py",
        old="lease=lease, due=until\n",
        new="lease=lease\n",
        check=sql_contract("TestOutbox::test_a_leased_job_is_claimed_by_nobody_until_the_lease_ends[sqlite3]"),
    ),
    Mutant(
        name="sqlite: a writer that begins as a reader",
        file=f"{_SQL}/transactions.py",
        old='connection.exec_driver_sql("BEGIN IMMEDIATE")',
        new='connection.exec_driver_sql("BEGIN")',
        check=locks("test_a_unit_that_has_only_read_so_far_is_the_one_writer[sqlite3]"),
    ),
    Mutant(
        name="postgresql: workers who wait for each other's claims",
        file=f"{_REPOSITORIES}/outbox.py",
        old="        .with_for_update(skip_locked=True),\n",
        new="        .with_for_update(),\n",
        check=locks("test_a_job_that_somebody_is_claiming_is_nobody_elses_and_nobody_waits_for_it[psycopg]"),
    ),
    Mutant(
        name="sqlite: a commit that a power cut takes back",
        file=f"{_SQL}/engines.py",
        old='    "synchronous=FULL",\n',
        new='    "synchronous=NORMAL",\n',
        check="tests/integration/sql/test_engines.py::test_sqlite_is_durable_and_keeps_its_rules[sqlite3]",
    ),
    Mutant(
        name="postgresql: attempts at once that are counted apart",
        file=f"{_SQL}/limits.py",
        old='        if db.dialect == "postgresql":\n',
        new='        if db.dialect == "postgres":\n',
        check=locks("test_whoever_counts_where_somebody_is_counting_waits[psycopg]"),
    ),
    Mutant(
        name="sql: an answer by whoever lost the claim",
        file=f"{_REPOSITORIES}/kept_requests.py",
        old='_HELD: Final = sa.and_(_THIS, kept_requests.c.claim == by_name("held_under"))',
        new='_HELD: Final = sa.or_(_THIS, kept_requests.c.claim == by_name("held_under"))',
        check=sql_contract("TestKeptRequests::test_only_whoever_holds_the_claim_answers_and_lets_go[sqlite3]"),
    ),
    Mutant(
        name="sql: two defaults for a moment",
        file=f"{_REPOSITORIES}/payment_methods.py",
        old="            await self._db.run(_NO_DEFAULT, owner=user_id)\n",
        new="            pass\n",
        check=sql_contract("TestPaymentMethods::test_the_default_can_move_to_any_card_in_one_save[sqlite3-pm_3]"),
    ),
    Mutant(
        name="sql: a session that is used in the past",
        file=f"{_REPOSITORIES}/sessions.py",
        old='sa.or_(sessions.c.last_used_at < by_moment("at"), sessions.c.last_used_at > by_moment("ahead_after")),',
        new='sa.or_(sessions.c.last_used_at < by_moment("at"), by_moment("ahead_after").is_not(None)),',
        check=sql_contract("TestSessions::test_touch_never_moves_the_last_use_back[sqlite3]"),
    ),
    Mutant(
        name="sql: a trail that forgets everybody's words with one user",
        file=f"{_REPOSITORIES}/audit.py",
        old='_REDACT: Final = audit.update().where(audit.c.user_id == by_number("owner")).values(details={}, ',
        new='_REDACT: Final = audit.update().where(by_number("owner") > 0).values(details={}, ',
        check=sql_contract("TestAudit::test_a_deleted_users_entries_stay_without_their_details[sqlite3]"),
    ),
    Mutant(
        name="sql: an outcome that is not kept for whoever has not heard it",
        file=f"{_SQL}/rows.py",
        old='"unheard": verification.unheard,',
        new='"unheard": False,',
        check=LOCKSTEP,
    ),
    Mutant(
        name="postgresql: a refused statement that is committed over",
        file=f"{_SQL}/units.py",
        old="            raise self._db.failure\n",
        new="            return\n",
        check="tests/integration/sql/test_failures.py::test_a_statement_that_was_refused_cannot_be_committed_over[psycopg]",
    ),
    Mutant(
        name="sql: verifications that ended, taken for open",
        file=f"{_REPOSITORIES}/verifications.py",
        old="_OLDEST_FIRST: Final = _SELECT.where(_OPEN).order_by(",
        new="_OLDEST_FIRST: Final = _SELECT.order_by(",
        check=sql_contract("TestVerifications::test_open_ones_come_oldest_first[sqlite3]"),
    ),
)
