"""Checks with a time limit, for integrations on asyncio."""

import asyncio
from collections.abc import Awaitable, Callable

Check = Callable[[], Awaitable[object]]
"""A check of the service; any exception means that it cannot serve requests."""

Within = Callable[[Check, float], Awaitable[None]]
"""Runs a check for at most so many seconds, and raises what it raises, or `TimeoutError`."""


async def within(check: Check, limit_seconds: float) -> None:
    """Run a check for at most `limit_seconds`. Raises what it raises, and `TimeoutError`."""
    await asyncio.wait_for(_awaited(check), limit_seconds)


async def _awaited(check: Check) -> None:
    await check()
