"""Starting and stopping the adapters of an application."""

from collections.abc import Iterable

from accounts_core.ports.lifecycle import Closes, Migrates


async def migrate_store(store: object) -> None:
    """Bring the schema of a store up to date, if it has one. Raises what `Migrates.migrate` does."""
    if isinstance(store, Migrates):
        await store.migrate()


async def close_parts(parts: Iterable[object]) -> None:
    """Close each of the adapters that keeps something open, also after one that failed.

    Raises:
        Exception: The error of the one adapter that failed; an `ExceptionGroup` of several.

    """
    failures: list[Exception] = []
    for part in parts:
        if not isinstance(part, Closes):
            continue
        try:
            closing = part.close()
            if closing is not None:
                await closing
        except Exception as error:  # noqa: BLE001  the other adapters must be closed, too
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise ExceptionGroup("Some adapters could not be closed.", failures)
