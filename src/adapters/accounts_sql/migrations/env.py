"""Alembic's environment. `accounts_sql.migrate` provides the connection, and locks and commits it."""

from alembic import context

from accounts_sql.migrating import configuration

context.configure(connection=context.config.attributes["connection"], **configuration())
context.run_migrations()
