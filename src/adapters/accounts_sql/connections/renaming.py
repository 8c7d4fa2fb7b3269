"""Statements with another prefix than `accounts_`, on the engines and connections of the host application.

The listener changes only statements that carry the execution option, so the host application's own statements on the
same engine keep their names.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from accounts_sql.tables.location import PREFIX, Location

LOCATION: Final = "accounts_location"
"""Execution option with the `Location` of a statement."""


def rename_on(source: sa.Engine | sa.Connection | AsyncEngine | AsyncConnection, location: Location) -> None:
    """Rename the tables in statements for this location from now on. Idempotent; does nothing without a prefix."""
    if location.prefix == PREFIX:
        return
    engine: Any = source.engine
    sa.event.listen(getattr(engine, "sync_engine", engine), "before_cursor_execute", _rename, retval=True)


def _rename(
    _connection: sa.Connection, _cursor: Any, statement: str, parameters: Any, context: Any, _many: bool
) -> tuple[str, Any]:
    location: Location | None = None if context is None else context.execution_options.get(LOCATION)
    return (statement if location is None else location.rename(statement)), parameters
