"""Settings of a driver's connection that change what it returns, put back to the driver's defaults for a statement.

A host application may have set them on its connection or, with psycopg, for the whole process: rows as dictionaries,
texts as bytes, loaders of its own for a type. It finds them again after each statement of the store.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any, Final

import sqlalchemy as sa


def driver_defaults(driver: Any, name: str) -> AbstractContextManager[None]:
    """Give the driver's connection the driver's default settings for the block.

    Args:
        driver: The connection.
        name: The driver's name, as in SQLAlchemy's `Dialect.driver`.

    """
    settings = _SETTINGS.get(name)
    if settings is None:
        return _UNCHANGED
    for attribute, default in settings().items():
        if getattr(driver, attribute) is not default:
            return _changed(driver, settings())
    return _UNCHANGED  # without a generator: this is on the path of every read


@contextmanager
def _changed(driver: Any, settings: Mapping[str, Any]) -> Iterator[None]:
    before = {attribute: getattr(driver, attribute) for attribute in settings}
    for attribute, default in settings.items():
        setattr(driver, attribute, default)
    try:
        yield
    finally:
        for attribute, value in before.items():
            setattr(driver, attribute, value)


def driver_of(connection: sa.Connection) -> Any:
    """Return the driver's own connection."""
    return connection.connection.driver_connection


@cache
def _of_sqlite() -> Mapping[str, Any]:
    return {"row_factory": None, "text_factory": str}


@cache
def _of_psycopg() -> Mapping[str, Any]:
    from psycopg.rows import tuple_row

    return {"row_factory": tuple_row, "_adapters": _psycopg_adapters()}


@cache
def _of_psycopg2() -> Mapping[str, Any]:
    return {"cursor_factory": None}


def _psycopg_adapters() -> Any:
    """Return psycopg's adapters as they are before anybody registers another, which for a process cannot be undone."""
    from psycopg.adapt import AdaptersMap
    from psycopg.dbapi20 import register_dbapi20_adapters
    from psycopg.postgres import register_default_adapters, register_default_types
    from psycopg.types import TypesRegistry

    types = TypesRegistry()
    register_default_types(types)
    context = _Context(AdaptersMap(types=types))
    register_default_adapters(context)
    register_dbapi20_adapters(context)
    return context.adapters


class _Context:
    """psycopg's `AdaptContext`, of no connection."""

    connection = None

    def __init__(self, adapters: Any) -> None:
        self.adapters = adapters


_UNCHANGED: Final = nullcontext()

_SETTINGS: Final[Mapping[str, Callable[[], Mapping[str, Any]]]] = {
    "pysqlite": _of_sqlite,
    "aiosqlite": _of_sqlite,
    "psycopg": _of_psycopg,
    "psycopg2": _of_psycopg2,
}
