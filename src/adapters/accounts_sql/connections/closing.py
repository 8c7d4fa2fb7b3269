"""Closing the connections of an engine, which opens new ones when it is next used."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from .event_loops import use_on_this_loop
from .shielding import shielded
from .urls import is_in_memory


def dispose(engine: sa.Engine) -> None:
    """Close the idle connections now, and the others when they are returned. A database in memory stays."""
    if not is_in_memory(engine.url):
        engine.dispose()


async def dispose_async(engine: AsyncEngine) -> None:
    """Close the connections on their event loop, even if this task is cancelled; abandon those of a loop that ended.

    Raises:
        ConfigurationError: The engine is in use on another running loop.

    """
    if not is_in_memory(engine.url):
        await use_on_this_loop(engine)
        await shielded(engine.dispose())
