"""Use cases without an event loop.

Use cases and ports are `async def`. An adapter for a synchronous host is written with methods that never suspend, so
one `send(None)` drives the very same coroutine to its end: no event loop, no threads, no second copy of the code.
"""

from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar, cast

from accounts_core.errors import Suspended

R = TypeVar("R")


def run_sync(coroutine: Coroutine[Any, Any, R]) -> R:
    """Drive `coroutine` to its end and return its result; what it raises comes through.

    Raises `Suspended`, naming what was awaited, when it waits for something that only an event loop can bring.
    """
    try:
        awaited = coroutine.send(None)
    except StopIteration as stop:
        return cast("R", stop.value)
    # Build the error first: closing a coroutine may raise, and what suspended is only visible before it.
    error = Suspended(
        f"{_innermost(coroutine)} awaited {awaited!r}, which needs an event loop:"
        " give a synchronous host adapters that never suspend, or await the use case."
    )
    try:
        coroutine.close()
    except BaseException as second:  # noqa: BLE001  whatever it is, it goes along as a note
        error.add_note(f"Closing the coroutine failed, too: {second!r}")
    raise error


def iterate_sync(iterator: AsyncIterator[R]) -> Iterator[R]:
    """Return a plain iterator over `iterator`, each of whose steps is driven as `run_sync` does."""

    async def step() -> R:
        return await anext(iterator)

    while True:
        try:
            yield run_sync(step())
        except StopAsyncIteration:
            return


def _innermost(coroutine: Coroutine[Any, Any, Any]) -> str:
    """Name the coroutine that suspended, at the bottom of the chain of awaits."""
    inner: Any = coroutine
    while hasattr(deeper := getattr(inner, "cr_await", None), "cr_code"):
        inner = deeper
    return str(getattr(inner, "__qualname__", inner))
