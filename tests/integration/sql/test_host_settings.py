"""E25: what a host sets on its connection, its engine or the whole process changes nothing of what the accounts read.

And the host's own reads are as before.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.rows import dict_row
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.json import set_json_loads
from psycopg.types.string import TextLoader
from tests.integration.sql.backends import AIOSQLITE, ASYNCPG, PSYCOPG, SQLITE, AnySqlStore, Backend
from tests.integration.sql.test_host_engine import host_engine, store_on

from accounts_core.errors import ConfigurationError
from accounts_core.model.ids import UserId
from accounts_core.testing.builders import NOON, a_card, a_job, a_profile_data, a_session, a_user, digest_of_session
from accounts_core.testing.harness import keep
from accounts_sql import create_engine, migrate, prepare

pytestmark = pytest.mark.usefixtures("drive")

JANE = UserId(1)
ON_SQLITE = pytest.mark.parametrize("backend", [SQLITE, AIOSQLITE], indirect=True)
ON_PSYCOPG = pytest.mark.parametrize("backend", [PSYCOPG], indirect=True)
ON_ASYNCPG = pytest.mark.parametrize("backend", [ASYNCPG], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("backend", [PSYCOPG, ASYNCPG], indirect=True)


async def waited(value: Any) -> Any:
    return await value if hasattr(value, "__await__") else value


@asynccontextmanager
async def connected(engine: Any) -> AsyncIterator[Any]:
    if isinstance(engine, sa.Engine):
        with engine.connect() as connection:
            yield connection
    else:
        async with engine.connect() as connection:
            yield connection


async def driver_of(connection: Any) -> Any:
    if isinstance(connection, sa.Connection):
        return connection.connection.driver_connection
    return (await connection.get_raw_connection()).driver_connection


def a_jobs_payload() -> dict[str, str]:
    return {"number": "1", "text": 'Ünïcode "quoted" \\ null'}


async def is_kept_and_read(store: AnySqlStore) -> None:
    """Keep a row of each kind of column, and compare what is read in units and outside with what was kept."""
    user, session, card = a_user(profile_data=a_profile_data()), a_session(), a_card()
    job = a_job(payload=a_jobs_payload())
    await keep(store, user, session, card, job)
    async with store.begin() as work:
        assert await work.users.get(JANE, lock=True) == user
        assert list(await work.payment_methods.list_for_user(JANE)) == [card]
    async with store.reader() as reader:
        resolved = await reader.sessions.resolve_with_cards(digest_of_session("ses_1"))
        assert resolved is not None
        assert (resolved[0], resolved[1], list(resolved[2])) == (session, user, [card])
        assert resolved[1].created_at == NOON
        assert resolved[1].created_at.utcoffset() == timedelta(0)
        assert await reader.outbox.list(limit=10) == [job]


async def is_the_same_on_a_connection_and_on_the_engine(
    engine: Any, change: Callable[[Any], Any] = lambda _: None, own: Callable[[Any], Any] | None = None
) -> None:
    """Use a store on a connection with the host's settings, and one on the engine; the host's settings stay."""
    async with connected(engine) as connection:
        driver = await driver_of(connection)
        await waited(change(driver))
        before = await waited(own(driver)) if own else None
        await is_kept_and_read(store_on_connection(connection))
        assert own is None or await waited(own(driver)) == before
        await waited(connection.rollback())
    await is_kept_and_read(store_on(engine))


def store_on_connection(connection: Any) -> AnySqlStore:
    from accounts_sql import AsyncSqlStore, SqlStore

    return SqlStore(connection) if isinstance(connection, sa.Connection) else AsyncSqlStore(connection)


# ---- SQLite


@ON_SQLITE
@pytest.mark.parametrize(
    "settings",
    [
        {"row_factory": sqlite3.Row},
        {"row_factory": lambda cursor, row: {c[0]: v for c, v in zip(cursor.description, row, strict=True)}},
        {"text_factory": bytes},
        {"text_factory": lambda raw: raw.decode("latin-1")},
    ],
    ids=["rows by name", "rows as dictionaries", "texts as bytes", "texts by a function"],
)
async def test_sqlite3s_factories_of_rows_and_texts(backend: Backend, settings: dict[str, Any]) -> None:
    async with host_engine(backend) as engine:
        prepare(engine)

        def change(driver: Any) -> None:
            for name, value in settings.items():
                setattr(driver, name, value)

        async def own(driver: Any) -> list[Any]:
            cursor = await waited(driver.execute("SELECT 'ü' AS text"))
            row = await waited(cursor.fetchone())
            await waited(cursor.close())
            return [type(row), row["text"] if isinstance(row, dict) else row[0]]

        await is_the_same_on_a_connection_and_on_the_engine(engine, change, own)


@ON_SQLITE
@pytest.mark.parametrize(
    "arguments",
    [
        {"detect_types": sqlite3.PARSE_DECLTYPES},
        {"detect_types": sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES},
        {"isolation_level": None},
        {"isolation_level": "EXCLUSIVE"},
        {"cached_statements": 0},
    ],
    ids=["declared types", "types in names", "no isolation level", "exclusive", "no cache"],
)
async def test_sqlite3s_arguments_of_a_connection(backend: Backend, arguments: dict[str, Any]) -> None:
    async with host_engine(backend, connect_args=arguments) as engine:
        prepare(engine)
        await is_the_same_on_a_connection_and_on_the_engine(engine)


# ---- psycopg


@contextmanager
def loads_as(loads: Any) -> Iterator[None]:
    """Change how psycopg reads JSON in the whole process."""
    set_json_loads(loads)
    try:
        yield
    finally:
        set_json_loads(json.loads)


@contextmanager
def registered(*loaders: tuple[str, Any]) -> Iterator[None]:
    """Register loaders for the whole process, as Django does on its connections."""
    text, oids = psycopg.pq.Format.TEXT, [psycopg.adapters.types[name].oid for name, _ in loaders]
    before: list[Any] = [psycopg.adapters.get_loader(oid, text) for oid in oids]
    for name, loader in loaders:
        psycopg.adapters.register_loader(name, loader)
    try:
        yield
    finally:
        for (name, _), loader in zip(loaders, before, strict=True):
            psycopg.adapters.register_loader(name, loader)


class Shouting(TextLoader):
    def load(self, data: Any) -> Any:
        return str(super().load(data)).upper()


class Rounded(TimestamptzLoader):
    def load(self, data: Any) -> Any:
        return super().load(data).date()


@ON_PSYCOPG
@pytest.mark.parametrize(
    "change",
    [
        lambda driver: driver.adapters.register_loader("jsonb", TextLoader),
        lambda driver: driver.adapters.register_loader("json", Shouting),
        lambda driver: driver.adapters.register_loader("timestamptz", Rounded),
        lambda driver: driver.adapters.register_loader("text", Shouting),
        lambda driver: driver.adapters.register_loader("int8", TextLoader),
        lambda driver: set_json_loads(lambda raw: ["changed", raw], driver),
        lambda driver: setattr(driver, "row_factory", dict_row),
    ],
    ids=["jsonb as text", "json", "timestamptz", "text", "int8", "json loads", "rows as dictionaries"],
)
async def test_what_a_host_registers_on_a_connection_of_psycopg(backend: Backend, change: Callable[[Any], Any]) -> None:
    def own(driver: Any) -> Any:
        # cast by hand: the host's own rows are read with its own settings
        return driver.execute(
            """SELECT '{"a": 1}'::jsonb AS json, 'a'::text AS text, 1::int8 AS one, timestamptz '2026-01-02Z' AS at"""
        ).fetchone()

    async with host_engine(backend) as engine:
        await is_the_same_on_a_connection_and_on_the_engine(engine, change, own)


@ON_PSYCOPG
async def test_what_a_host_registers_for_the_whole_process(backend: Backend) -> None:
    """A connection copies the process' loaders when it opens."""
    loaders = ("jsonb", TextLoader), ("timestamptz", Rounded), ("int8", TextLoader)
    with registered(*loaders), loads_as(lambda raw: ["changed", raw]):
        async with host_engine(backend) as engine:
            await is_the_same_on_a_connection_and_on_the_engine(engine)


@ON_PSYCOPG
@pytest.mark.parametrize(
    "arguments",
    [{"cursor_factory": psycopg.ClientCursor}, {"prepare_threshold": 0}, {"prepare_threshold": None}],
    ids=["parameters in the client", "all prepared", "none prepared"],
)
async def test_arguments_of_a_connection_of_psycopg(backend: Backend, arguments: dict[str, Any]) -> None:
    async with host_engine(backend, connect_args=arguments) as engine:
        await is_the_same_on_a_connection_and_on_the_engine(engine)


# ---- asyncpg


@ON_ASYNCPG
@pytest.mark.parametrize(
    "codec",
    [
        {"encoder": json.dumps, "decoder": json.loads, "format": "text"},
        {"encoder": str, "decoder": str, "format": "text"},
        {"encoder": lambda value: b"\x01" + value.encode(), "decoder": bytes, "format": "binary"},
    ],
    ids=["text", "as it is", "binary"],
)
@pytest.mark.parametrize("name", ["json", "jsonb"])
async def test_a_codec_of_the_hosts_for_json(backend: Backend, codec: dict[str, Any], name: str) -> None:
    if codec["format"] == "binary" and name == "json":
        codec = {**codec, "encoder": str.encode}  # only jsonb begins with a version

    async with host_engine(backend) as engine:

        async def change(driver: Any) -> None:
            await driver.set_type_codec(name, schema="pg_catalog", **codec)

        async def own(driver: Any) -> Any:
            return await driver.fetchval(f"""SELECT '{{"a": 1}}'::{name}""")

        await is_the_same_on_a_connection_and_on_the_engine(engine, change, own)


# ---- every driver of PostgreSQL


@ON_POSTGRESQL
@pytest.mark.parametrize(
    "engine_options",
    [
        {"json_deserializer": lambda raw: ["changed", raw], "json_serializer": lambda value: '"changed"'},
        {"execution_options": {"stream_results": True, "yield_per": 1}},
        {"execution_options": {"compiled_cache": None}},
        {"use_insertmanyvalues": False},
        {"query_cache_size": 0},
    ],
    ids=["JSON of the engine's own", "server-side cursors", "no compiled cache", "no insertmanyvalues", "no cache"],
)
async def test_options_of_the_engine(backend: Backend, engine_options: dict[str, Any]) -> None:
    async with host_engine(backend, **engine_options) as engine:
        await is_the_same_on_a_connection_and_on_the_engine(engine)


@ON_POSTGRESQL
@pytest.mark.parametrize(
    "setting",
    [
        "TimeZone = 'Asia/Kathmandu'",
        "TimeZone = '<+0123>-01:23'",
        "standard_conforming_strings = off",
        "bytea_output = 'escape'",
        "IntervalStyle = 'sql_standard'",
        "DateStyle = 'ISO, DMY'",
        "extra_float_digits = 0",
        "enable_seqscan = off",
    ],
)
async def test_settings_of_the_hosts_session(backend: Backend, setting: str) -> None:
    async with host_engine(backend) as engine, connected(engine) as connection:
        await waited(connection.execute(sa.text(f"SET LOCAL {setting.replace(':', chr(92) + ':')}")))
        await is_kept_and_read(store_on_connection(connection))
        await waited(connection.rollback())


@ON_PSYCOPG
async def test_a_style_of_dates_that_psycopg_cannot_read_is_named(backend: Backend) -> None:
    """psycopg reads ISO dates only, and the style is the host's to choose on its own connection."""
    async with host_engine(backend) as engine, connected(engine) as connection:
        await waited(connection.execute(sa.text("SET LOCAL DateStyle = 'German'")))
        with pytest.raises(ConfigurationError, match="DateStyle"):
            await is_kept_and_read(store_on_connection(connection))
        await waited(connection.rollback())


async def test_an_engine_of_ours_reads_a_database_with_another_style_of_dates(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = sa.make_url(postgres_url).database
        connection.execute(f"ALTER DATABASE {name} SET DateStyle = 'German'".encode())
    migrate(postgres_url)
    engine = create_engine(postgres_url)
    await is_the_same_on_a_connection_and_on_the_engine(engine)
    engine.dispose()
