"""Connecting through asyncpg where a URL names several hosts, of which one takes writes.

asyncpg's own time limit is one for all hosts together, so a first host that is silent, as a machine that hangs is, uses
it up and the others are never asked. psycopg's is one for each.
"""

from collections.abc import Sequence
from typing import Any


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
            asyncpg.CannotConnectNowError,
            asyncpg.TooManyConnectionsError,
            TargetServerAttributeNotMatched,
        ) as error:
            failure = error
    assert failure is not None
    raise failure
