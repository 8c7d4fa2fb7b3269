"""Alembic's way in. The connection comes from `accounts_sql.migrate`, which has locked and will commit it."""

from alembic import context

from accounts_sql.migrating import configuration

context.configure(connection=context.config.attributes["connection"], **configuration())
context.run_migrations()
