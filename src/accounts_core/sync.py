"""Running coroutines without an event loop.

Use cases and ports are `async def`. The methods of an adapter for a synchronous application never suspend, so one
`send(None)` runs the coroutine to its end: no event loop, no threads, no second copy of the code.
"""

from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar, cast

from accounts_core.errors import Suspended

R = TypeVar("R")


def run_sync(coroutine: Coroutine[Any, Any, R]) -> R:
    """Run `coroutine` to its end and return its result. Its exceptions are raised.

    Raises:
        Suspended: It awaited something that needs an event loop; the message names it.

    """
    try:
        awaited = coroutine.send(None)
    except StopIteration as stop:
        return cast("R", stop.value)
    # The error is built first, because a closed coroutine does not show what it awaited.
    error = Suspended(
        f"{_innermost(coroutine)} awaited {awaited!r}, which needs an event loop:"
        " use adapters that never suspend, or await the use case."
    )
    try:
        coroutine.close()
    except BaseException as second:  # noqa: BLE001  any error is added as a note
        error.add_note(f"Closing the coroutine failed, too: {second!r}")
    raise error


def iterate_sync(iterator: AsyncIterator[R]) -> Iterator[R]:
    """Return a plain iterator over `iterator`; each step runs as in `run_sync`."""

    async def step() -> R:
        return await anext(iterator)

    while True:
        try:
            yield run_sync(step())
        except StopAsyncIteration:
            return


def _innermost(coroutine: Coroutine[Any, Any, Any]) -> str:
    """Return the name of the coroutine that suspended, at the end of the chain of awaits."""
    inner: Any = coroutine
    while hasattr(deeper := getattr(inner, "cr_await", None), "cr_code"):
        inner = deeper
    return str(getattr(inner, "__qualname__", inner))
