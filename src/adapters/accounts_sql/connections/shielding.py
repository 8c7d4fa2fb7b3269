"""Awaiting that completes even if the task is cancelled.

A cancellation may arrive at any await, and repeatedly: anyio cancels again until the task ends.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


async def shielded(awaitable: Awaitable[T]) -> T:
    """Await to completion even if this task is cancelled; raise the cancellation afterwards."""
    task = asyncio.ensure_future(awaitable)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
        except BaseException:  # noqa: BLE001  the task's own error, raised below
            break
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # retrieved so that asyncio does not log it: the cancellation takes precedence
    raise cancelled


async def retried_while_locked(dialect: Any, awaitable: Awaitable[T]) -> T:
    """Await a database operation, `shielded` on SQLite.

    aiosqlite's thread cannot cancel an operation, and SQLAlchemy may lose the connection if it is interrupted there.
    """
    return await (shielded(awaitable) if dialect.name == "sqlite" else awaitable)
