"""The stores on databases: what only many connections at once, or the comparison with memory, can tell."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import LOCKSTEP, locks, sql_contract

_SQL: Final = "adapters/accounts_sql"
_REPOSITORIES: Final = f"{_SQL}/repositories"

SQL: Final = (
    Mutant(
        name="sql: a lock on a user that locks nothing",
        at="adapters/accounts_sql/repositories/users.py",
        old="Query(_FIND.statement.with_for_update(key_share=True), first(rows.USER.read), _IT)",
        new="_FIND",
        check=locks("test_whoever_locks_what_is_locked_waits[user-psycopg]"),
    ),
    Mutant(
        name="sql: a lock on a team that locks nothing",
        at="adapters/accounts_sql/repositories/teams.py",
        old="Query(_GET.statement.with_for_update(key_share=True), first(rows.TEAM.read), _IT)",
        new="_GET",
        check=locks("test_whoever_locks_what_is_locked_waits[team-psycopg]"),
    ),
    Mutant(
        name="sql: a stale user is saved over a newer one",
        at="adapters/accounts_sql/repositories/users.py",
        old="users.c.version == by_number('seen')",
        new="users.c.version >= by_number('seen')",
        check=sql_contract("TestUsers::test_a_stale_save_is_a_conflict_and_changes_nothing[sqlite3]"),
    ),
    Mutant(
        name="sql: two drivers of one verification who overwrite each other",
        at="adapters/accounts_sql/repositories/verifications.py",
        old="verifications.c.version == by_number('seen')",
        new="verifications.c.version >= by_number('seen')",
        check=sql_contract("TestVerifications::test_a_stale_save_is_a_conflict_and_changes_nothing[sqlite3]"),
    ),
    Mutant(
        name="sql: a job that is ended by somebody whose lease is over",
        at="adapters/accounts_sql/repositories/outbox.py",
        old="sa.and_(outbox.c.id == by_name('this'), outbox.c.lease == by_name('held_under'))",
        new="sa.or_(outbox.c.id == by_name('this'), outbox.c.lease == by_name('held_under'))",
        check=sql_contract("TestJobLeases::test_a_worker_that_lost_the_lease_can_no_longer_end_the_job[sqlite3-done]"),
    ),
    Mutant(
        name="sql: a job that two workers claim at once",
        at="adapters/accounts_sql/repositories/outbox.py::_due",
        old=(
            "sa.select(*rows.JOB).where(_IS_DUE, *_are_among(topics)).order_by(outbox.c.due, outbox.c.id).limit(\n"
            "    a_limit()\n"
            ").with_for_update(skip_locked=True)"
        ),
        new=(
            "sa.select(*rows.JOB).where(_IS_DUE, *_are_among(topics))"
            ".order_by(outbox.c.due, outbox.c.id).limit(a_limit())"
        ),
        check=locks("test_a_job_that_somebody_is_claiming_is_nobody_elses_and_nobody_waits_for_it[psycopg]"),
    ),
    Mutant(
        name="sql: a claim that keeps nobody away",
        at="adapters/accounts_sql/repositories/outbox.py::Outbox.claim",
        old=(
            "self._db.run(\n"
            "    _CLAIM.values(attempts=outbox.c.attempts + 1), these=[job.id for job in due], lease=lease, due=until\n"
            ")"
        ),
        new="self._db.run(_CLAIM.values(attempts=outbox.c.attempts + 1), these=[job.id for job in due], lease=lease)",
        check=sql_contract("TestJobLeases::test_a_leased_job_is_claimed_by_nobody_until_the_lease_ends[sqlite3]"),
    ),
    Mutant(
        name="sqlite: a writer that begins as a reader",
        at="adapters/accounts_sql/connections/transactions.py::_begin_on_sqlite",
        old="'BEGIN IMMEDIATE'",
        new="'BEGIN'",
        check=locks("test_a_unit_that_has_only_read_so_far_is_the_one_writer[sqlite3]"),
    ),
    Mutant(
        name="postgresql: workers who wait for each other's claims",
        at="adapters/accounts_sql/repositories/outbox.py::_due",
        old=(
            "sa.select(*rows.JOB).where(_IS_DUE, *_are_among(topics)).order_by(outbox.c.due, outbox.c.id).limit(\n"
            "    a_limit()\n"
            ").with_for_update(skip_locked=True)"
        ),
        new=(
            "sa.select(*rows.JOB).where(_IS_DUE, *_are_among(topics)).order_by(outbox.c.due, outbox.c.id).limit(\n"
            "    a_limit()\n"
            ").with_for_update()"
        ),
        check=locks("test_a_job_that_somebody_is_claiming_is_nobody_elses_and_nobody_waits_for_it[psycopg]"),
    ),
    Mutant(
        name="sqlite: a commit that a power cut takes back",
        at="adapters/accounts_sql/connections/engines.py",
        old="'synchronous=FULL'",
        new="'synchronous=NORMAL'",
        check="tests/integration/sql/test_engines.py::test_sqlite_is_durable_and_keeps_its_rules[sqlite3]",
    ),
    Mutant(
        name="postgresql: attempts at once that are counted apart",
        at="adapters/accounts_sql/repositories/attempts.py::Attempts._consume",
        old="'postgresql'",
        new="'postgres'",
        check=locks("test_whoever_counts_where_somebody_is_counting_waits[psycopg]"),
    ),
    Mutant(
        name="sqlite: limits that wait for the host's own transaction",
        at="adapters/accounts_sql/connections/host_transactions.py::would_wait",
        old="_has_begun(host)",
        new="not _has_begun(host)",
        check="tests/integration/sql/test_limits_in_transaction.py::test_a_host_that_has_written_registers_at_once[sqlite3]",
    ),
    Mutant(
        name="sql: attempts that a host's rollback undoes",
        at="adapters/accounts_sql/repositories/attempts.py::Attempts.consume",
        old="made - stored",
        new="made * 0",
        check="tests/integration/sql/test_limits_in_transaction.py"
        "::test_a_rollback_undoes_no_attempt[sqlite3-after the host wrote]",
    ),
    Mutant(
        name="postgresql: JSON as the host's driver reads it",
        at="adapters/accounts_sql/tables/types.py::Document.column_expression",
        old="self._is_jsonb",
        new="False",
        check="tests/integration/sql/test_host_settings.py::test_a_codec_of_the_hosts_for_json[jsonb-text-asyncpg]",
    ),
    Mutant(
        name="sql: an answer by whoever lost the claim",
        at="adapters/accounts_sql/repositories/idempotency.py",
        old="sa.and_",
        new="sa.or_",
        check=sql_contract("TestKeptRequests::test_only_the_holder_of_the_claim_answers_and_releases[sqlite3]"),
    ),
    Mutant(
        name="sql: two defaults for a moment",
        at="adapters/accounts_sql/repositories/payment_methods.py::PaymentMethods.save",
        old="await self._db.run(_NO_DEFAULT, owner=user_id)",
        new="",
        check=sql_contract("TestPaymentMethods::test_the_default_can_move_to_any_card_in_one_save[sqlite3-pm_3]"),
    ),
    Mutant(
        name="sql: a session that is used in the past",
        at="adapters/accounts_sql/repositories/sessions.py",
        old="sessions.c.last_used_at > by_moment('ahead_after')",
        new="by_moment('ahead_after').is_not(None)",
        check=sql_contract("TestSessions::test_touch_never_moves_the_last_use_back[sqlite3]"),
    ),
    Mutant(
        name="sql: a trail that forgets everybody's words with one user",
        at="adapters/accounts_sql/repositories/audit.py",
        old="audit.update().where(audit.c.user_id == by_number('owner'))",
        new="audit.update().where(by_number('owner') > 0)",
        check=sql_contract("TestAudit::test_a_deleted_users_entries_stay_without_their_details[sqlite3]"),
    ),
    Mutant(
        name="sql: an outcome that is not kept for whoever has not heard it",
        at="adapters/accounts_sql/statements/rows.py",
        old="Stored(column='unheard')",
        new="Stored(column='unheard', write=lambda _: False)",
        check=LOCKSTEP,
    ),
    Mutant(
        name="postgresql: a refused statement that is committed over",
        at="adapters/accounts_sql/units.py::_Unit.check",
        old="raise self._db.failure",
        new="return",
        check="tests/integration/sql/test_failures.py::test_a_statement_that_was_refused_cannot_be_committed_over[psycopg]",
    ),
    Mutant(
        name="sql: verifications that ended, taken for open",
        at="adapters/accounts_sql/repositories/verifications.py",
        old="_SELECT.where(_OPEN)",
        new="_SELECT",
        check=sql_contract("TestOpenVerifications::test_open_ones_come_oldest_first[sqlite3]"),
    ),
)
