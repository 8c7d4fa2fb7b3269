"""A second pool for an engine, so that a caller that holds one of its connections never waits for another of them."""

import os

import sqlalchemy as sa
from sqlalchemy.util.concurrency import in_greenlet

from .forking import protect


def with_own_pool(engine: sa.Engine) -> sa.Engine:
    """Return an engine on the same database with a pool of its own, as large, that is disposed of with `engine`.

    Returns `engine` itself where its pool never lets anybody wait, or where one connection is all that there is.
    """
    if engine.dialect.name == "sqlite" or not isinstance(engine.pool, sa.QueuePool):
        return engine
    own = sa.Engine(engine.pool.recreate(), engine.dialect, engine.url, hide_parameters=engine.hide_parameters)
    protect(own)

    process = os.getpid()

    def dispose(_: sa.Engine) -> None:
        nonlocal process
        if process != os.getpid():
            process = os.getpid()  # `forking` gives each engine a new pool in the child, and may not wait for the old
        elif not own.dialect.is_async or in_greenlet():
            own.dispose()  # elsewhere an asynchronous driver cannot close: `event_loops` does, at the next use

    sa.event.listen(getattr(engine, "_proxied", engine), "engine_disposed", dispose)
    return own
