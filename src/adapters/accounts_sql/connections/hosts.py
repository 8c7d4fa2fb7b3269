"""asyncpg's connections: made where a URL names several hosts, of which one takes writes, and freed of a time limit.

asyncpg's own time limit is one for all hosts together, so a first host that is silent, as a machine that hangs is, uses
it up and the others are never asked. psycopg's is one for each.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection


async def connect(*, host: str | Sequence[str] | None = None, **options: Any) -> Any:
    """Open asyncpg's connection to the first host that has what `target_session_attrs` asks for.

    `timeout` is for each of them. Raises what went wrong with the last one.
    """
    import asyncpg  # type: ignore[import-untyped]
    from asyncpg.exceptions import TargetServerAttributeNotMatched  # type: ignore[import-untyped]

    if host is None or isinstance(host, str):
        return await asyncpg.connect(host=host, **options)
    failure: Exception | None = None
    for name, port in zip(host, options.pop("port"), strict=True):
        try:
            return await asyncpg.connect(host=name, port=port, **options)
        except (
            OSError,  # a time limit among them
            asyncpg.PostgresConnectionError,
            asyncpg.CannotConnectNowError,
            asyncpg.TooManyConnectionsError,
            TargetServerAttributeNotMatched,
        ) as error:
            failure = error
    assert failure is not None
    raise failure


@asynccontextmanager
async def without_time_limit(connection: AsyncConnection) -> AsyncIterator[None]:
    """Let statements inside take as long as they take. Other drivers than asyncpg have no limit."""
    if connection.dialect.driver != "asyncpg":
        yield
        return
    driver: Any = (await connection.get_raw_connection()).driver_connection
    limited = driver._config  # noqa: SLF001  asyncpg has no public way to change it
    driver._config = limited._replace(command_timeout=None)  # noqa: SLF001
    try:
        yield
    finally:
        driver._config = limited  # noqa: SLF001
