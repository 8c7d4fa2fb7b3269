"""The revision of a database, and whether this code can serve it."""

import attrs
import sqlalchemy as sa

from accounts_core.errors import ConfigurationError
from accounts_sql.tables.location import Location
from accounts_sql.tables.versions import VERSION_TABLE


@attrs.frozen
class DatabaseStatus:
    """The revision of a database, compared with this code.

    A later release may leave a database that this one can serve: it only added what this one does not read. It then
    says so in the database (`served_from`).
    """

    revision: str | None
    """Revision of the database; None if it was never migrated."""
    served_from: str | None
    """The oldest revision whose code can serve the database, as a later release recorded it."""
    head: str
    """The newest revision of this code."""
    is_newer: bool
    """Whether the database was migrated by a later release."""

    @property
    def is_served(self) -> bool:
        """Whether this code can serve the database as it is."""
        if self.is_newer:
            return self.served_from is not None and self.served_from <= self.head
        return self.revision == self.head

    @property
    def notice(self) -> str | None:
        """Advice for a database of a later release; None for any other database."""
        if not self.is_newer:
            return None
        said = f"The database is at revision {self.revision} of a later release; this release knows {self.head}"
        if self.is_served:
            return f"{said} and can serve it."
        return (
            f"{said}, and only releases that know {self.served_from or self.revision} can serve it. To go on, deploy"
            f" the later release everywhere. To go back, migrate to {self.head} with the later release"
            f' (migrate(..., "{self.head}")) once none of its processes runs, then deploy this release.'
        )


def read_revision(connection: sa.Connection, location: Location) -> tuple[str | None, str | None]:
    """Return the revision, and the oldest that can serve it. Raises `ConfigurationError`."""
    require_schemas(connection.dialect.name, location)
    table = location.rename(VERSION_TABLE)
    try:
        columns = {each["name"] for each in sa.inspect(connection).get_columns(table, schema=location.schema)}
    except sa.exc.NoSuchTableError:
        return None, None
    named = sa.table(table, *(sa.column(name) for name in columns), schema=location.schema)
    served_from = named.c.served_from if "served_from" in columns else sa.null()
    rows = connection.execute(sa.select(named.c.version_num, served_from)).all()
    if len(rows) > 1:
        raise ConfigurationError(f"The table {table} has {len(rows)} rows; it must have one.")
    return (rows[0][0], rows[0][1]) if rows else (None, None)


def require_schemas(dialect: str, location: Location) -> None:
    """Raise `ConfigurationError` for a schema where there are none."""
    if location.schema is not None and dialect != "postgresql":
        raise ConfigurationError("Only PostgreSQL has schemas. Give the tables another prefix instead.")
