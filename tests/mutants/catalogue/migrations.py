"""Migrations beside a host's, and the names of the tables."""

from typing import Final

from tests.mutants.mutant import Mutant

_TESTS: Final = "tests/integration/sql"
_MIGRATIONS: Final = "adapters/accounts_sql/migrations"

MIGRATIONS: Final = (
    Mutant(
        name="a host's search path that stays in our schema",
        at=f"{_MIGRATIONS}/placing.py::_configured",
        old="_configure(connection, dict(zip(settings, before, strict=True)))",
        new="",
        check=f"{_TESTS}/test_taken_names.py::test_a_schema_is_a_way_out_and_the_hosts_search_path_remains",
    ),
    Mutant(
        name="a host's statements that are renamed with ours",
        at="adapters/accounts_sql/connections/renaming.py::_rename",
        old="None if context is None else context.execution_options.get(LOCATION)",
        new='Location(prefix="auth_")',
        check=f"{_TESTS}/test_places.py::test_a_hosts_own_statements_keep_their_names",
    ),
    Mutant(
        name="a revision that a host's command applies again",
        at=f"{_MIGRATIONS}/steps.py::_upgrade",
        old="current is None or current >= place",
        new="current is None",
        check=f"{_TESTS}/test_host_alembic.py::test_what_migrate_did_is_not_done_again_by_the_hosts_command",
    ),
    Mutant(
        name="our constraints by a host's naming convention",
        at=f"{_MIGRATIONS}/steps.py::_of_the_host",
        old="operations(connection, location, history)",
        new="Operations(_proxy.get_context())",
        check=f"{_TESTS}/test_host_alembic.py::test_the_hosts_command_runs_our_revisions_and_migrate_agrees",
    ),
    Mutant(
        name="a newer database that is served whatever was changed",
        at=f"{_MIGRATIONS}/state.py::DatabaseStatus.is_served",
        old="self.served_from is not None and self.served_from <= self.head",
        new="self.served_from is not None",
        check=f"{_TESTS}/test_newer_database.py"
        "::test_an_incompatible_newer_database_is_refused_with_the_order_of_deployment",
    ),
    Mutant(
        name="a transaction that waits for the lock of who builds an index",
        at=f"{_MIGRATIONS}/placing.py::try_turn",
        old="sa.func.pg_try_advisory_xact_lock(LOCK)",
        new="sa.func.coalesce(sa.cast(sa.func.pg_advisory_xact_lock(LOCK), sa.Text), '') == ''",
        check=f"{_TESTS}/test_new_indexes.py"
        "::test_writers_go_on_while_the_index_is_built_and_no_transaction_is_waited_for_in_vain",
    ),
    Mutant(
        name="an index that stays invalid",
        at=f"{_MIGRATIONS}/indexes.py::NewIndex.create",
        old="if found:\n    return",
        new="if found is not None:\n    return",
        check=f"{_TESTS}/test_new_indexes.py::test_on_a_hosts_connection_it_is_an_ordinary_index_and_that_is_said",
    ),
    Mutant(
        name="a session's lock on a connection of PgBouncer",
        at=f"{_MIGRATIONS}/indexes.py::can_build",
        old="driver.prepare_threshold is not None",
        new="True",
        check=f"{_TESTS}/test_new_indexes.py::test_an_engine_for_pgbouncer_holds_no_lock_of_a_session",
    ),
)
