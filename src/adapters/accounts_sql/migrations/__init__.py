"""The migrations, for Alembic. `accounts_sql.migrate` runs them; no configuration file is needed."""
