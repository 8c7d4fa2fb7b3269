"""Waiting that a cancelled task has to finish.

A cancellation may come at any await, and more than once: anyio repeats it until the task gives in.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


async def shielded(awaitable: Awaitable[T]) -> T:
    """Await until it is done, whatever happens to this task; a cancellation is raised afterwards."""
    task = asyncio.ensure_future(awaitable)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
        except BaseException:  # noqa: BLE001  it is the task's, and is raised below
            break
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # taken note of: the cancellation goes before
    raise cancelled


async def retried_while_locked(dialect: Any, awaitable: Awaitable[T]) -> T:
    """Await a step of the database's; one that a thread of aiosqlite's has begun is awaited `shielded`.

    Such a step cannot be called off, and SQLAlchemy, when it is interrupted there, may lose the connection.
    """
    return await (shielded(awaitable) if dialect.name == "sqlite" else awaitable)
