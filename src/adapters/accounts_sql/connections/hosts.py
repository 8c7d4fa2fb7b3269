"""asyncpg connections: connecting to the writable one of several hosts, and removing the command timeout.

asyncpg's connect timeout covers all hosts together, so a first host that does not respond uses it up and the others
are never tried. psycopg's timeout applies to each host.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa


async def connect(*, host: str | Sequence[str] | None = None, **options: Any) -> Any:
    """Connect to the first host that satisfies `target_session_attrs`.

    `timeout` applies to each host. Raises the error of the last host.
    """
    import asyncpg  # type: ignore[import-untyped]  # it has no type information
    from asyncpg.exceptions import TargetServerAttributeNotMatched  # type: ignore[import-untyped]  # as above

    if host is None or isinstance(host, str):
        return await asyncpg.connect(host=host, **options)
    failure: Exception | None = None
    for name, port in zip(host, options.pop("port"), strict=True):
        try:
            return await asyncpg.connect(host=name, port=port, **options)
        except (
            OSError,  # includes TimeoutError
            asyncpg.PostgresConnectionError,
            asyncpg.CannotConnectNowError,
            asyncpg.TooManyConnectionsError,
            TargetServerAttributeNotMatched,
        ) as error:
            failure = error
    assert failure is not None
    raise failure


@contextmanager
def without_time_limit(connection: sa.Connection) -> Iterator[None]:
    """Disable asyncpg's command timeout for the block. Other drivers have none."""
    if connection.dialect.driver != "asyncpg":
        yield
        return
    driver: Any = connection.connection.driver_connection
    limited = driver._config  # noqa: SLF001  asyncpg has no public way to change it
    driver._config = limited._replace(command_timeout=None)  # noqa: SLF001
    try:
        yield
    finally:
        driver._config = limited  # noqa: SLF001
