"""The kit beside other plugins of pytest, and without any."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.integration.pytest_kit.conftest import ASYNCIO, CONFTEST, Host

from accounts_pytest.database import opened
from accounts_sql import create_engine

pytestmark = pytest.mark.long

pytest_plugins = ["pytester"]

ASYNC_TESTS = """
import pytest
from accounts_core.errors import EmailTaken

pytestmark = [{marks}]

@pytest.fixture(scope="session")
def accounts_database_url():
    return "sqlite://"

JANE = dict(email="jane@example.org", password="correct horse battery staple", name="Jane")

async def test_in_memory(async_accounts, mailbox, clock, make_user):
    jane = await async_accounts.register(**JANE)
    assert mailbox.read("jane@example.org").click().id == jane.id
    with pytest.raises(EmailTaken):
        await async_accounts.register(**JANE)
    john = make_user(cards=["visa"])
    assert (await async_accounts.authenticate(john.token)).user.id == john.id

@pytest.mark.parametrize("number", [1, 2])
async def test_on_a_database(async_accounts_on_database, make_user, number):
    john = make_user()
    jane = await async_accounts_on_database.register(**JANE)
    assert (await async_accounts_on_database.authenticate(john.token)).user.id == john.id != jane.id

def test_blocking(accounts, mailbox):
    accounts.register(**JANE)
    mailbox.read("jane@example.org").click()
"""
ANYIO = """
@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


@pytest.mark.parametrize(
    ("marks", "arguments"),
    [
        ("", (*ASYNCIO, "-o", "asyncio_mode=auto")),
        ("pytest.mark.asyncio", (*ASYNCIO, "-o", "asyncio_mode=strict")),
        ("pytest.mark.anyio", ("-p", "anyio.pytest_plugin")),
        pytest.param("", ("-p", "anyio.pytest_plugin", "-o", "anyio_mode=auto"), marks=pytest.mark.long),
        pytest.param("pytest.mark.anyio", ("-p", "anyio.pytest_plugin", *ASYNCIO), marks=pytest.mark.long),
    ],
    ids=["pytest-asyncio auto", "pytest-asyncio strict", "anyio", "anyio auto", "both"],
)
def test_asynchronous_tests_are_run_by_the_hosts_plugin(host: Host, marks: str, arguments: tuple[str, ...]) -> None:
    code = ASYNC_TESTS.format(marks=marks) + (ANYIO if "anyio" in str(arguments) else "")
    if marks == "pytest.mark.asyncio":
        code = code.replace("def test_blocking", "@pytest.mark.filterwarnings('default')\ndef test_blocking")

    host.passes(code, *arguments, count=4)


def test_without_a_plugin_a_driver_of_ones_own_runs_them(host: Host) -> None:
    driver = """
@pytest.fixture
def drive():
    import asyncio
    with asyncio.Runner() as runner:
        yield runner.run
"""
    host.passes(ASYNC_TESTS.format(marks="pytest.mark.usefixtures('drive')") + driver, count=4)


def test_what_awaits_accounts_alone_needs_no_event_loop(host: Host) -> None:
    host.passes(
        """
        from accounts_core import run_sync

        async def sign_up(accounts, email):
            return await accounts.register(email=email, password="correct horse battery staple", name="Jane")

        def test_sign_up(async_accounts, accounts, mailbox):
            jane = run_sync(sign_up(async_accounts, "jane@example.org"))
            assert accounts.profile(jane.id) == jane
            mailbox.read("jane@example.org").click()
        """
    )


def test_the_contract_suites_run_by_the_same_line(host: Host) -> None:
    host.write(
        conftest=CONFTEST,
        test_adapter="""
        import pytest
        from accounts_core.testing.contracts import ClockContract

        class TestMyClock(ClockContract):
            pass
        """,
    )

    outcomes = host.run().parseoutcomes()

    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] == 1


def test_the_line_may_stand_in_a_test_module_and_more_than_once(host: Host) -> None:
    test = "def test_clock(clock): clock.advance(minutes=1)\n"
    host.passes(CONFTEST + test, conftest="")
    host.passes(CONFTEST + test, "-p", "accounts_pytest", conftest=CONFTEST)
    host.passes(test, conftest='pytest_plugins = ["accounts_core.testing.plugin", "accounts_pytest"]\n')


def test_a_conftest_may_import_the_types_first(host: Host) -> None:
    """pytest would warn that it cannot rewrite a module that is imported already."""
    host.write(
        conftest=f"""
        from accounts_pytest import AccountsDatabase, Mailbox, TestClock
        {CONFTEST}
        """,
        test_host="""
        from accounts_pytest import Mailbox, TestClock  # pytest collects no class of this name

        def test_clock(clock, mailbox):
            assert isinstance(clock, TestClock) and isinstance(mailbox, Mailbox)
        """,
    )

    result = host.pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", "-q")

    result.assert_outcomes(passed=1)


def test_a_line_in_a_conftest_below_the_top_is_refused_by_pytest(host: Host) -> None:
    host.write(conftest="")
    inner = host.pytester.mkdir("inner")
    (inner / "conftest.py").write_text(CONFTEST)
    (inner / "test_inner.py").write_text("def test_clock(clock): ...\n")

    result = host.run()

    assert "Defining 'pytest_plugins' in a non-top-level conftest is no longer supported" in (
        result.stdout.str() + result.stderr.str()
    )


XDIST = """
import pytest

@pytest.mark.parametrize("number", range(8))
def test_alone(accounts_on_database, make_user, accounts_database, worker_id, number):
    assert worker_id in accounts_database.url.database
    make_user(email="jane@example.org")
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_each_worker_of_xdist_has_a_database_of_its_own(
    host: Host, kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite = kind == "sqlite"
    url = f"sqlite:///{tmp_path}/shop.db" if sqlite else str(request.getfixturevalue("postgres_url"))
    monkeypatch.setenv("ACCOUNTS_TEST_DATABASE_URL", url)
    host.write(conftest=CONFTEST, test_host=XDIST)

    result = host.pytester.runpytest_subprocess("-p", "xdist.plugin", "-n", "2", "-W", "error", "-q")

    result.assert_outcomes(passed=8)
    if sqlite:
        assert sorted(file.name for file in tmp_path.glob("*.db")) == ["shop_gw0.db", "shop_gw1.db"]
    else:
        assert databases(url, "_gw%") == []


def databases(url: str, like: str) -> list[str]:
    engine = create_engine(url)
    named = sa.text("SELECT datname FROM pg_database WHERE datname LIKE :name")
    with engine.connect() as connection:
        found = connection.scalars(named, {"name": f"{sa.make_url(url).database}{like}"}).all()
    engine.dispose()
    return [*found]


@pytest.fixture
def database_of(tmp_path: Path) -> Callable[[str | sa.URL, str | None], str | None]:
    def name(url: str | sa.URL, worker: str | None) -> str | None:
        with opened(url, worker=worker, folder=tmp_path, tables={}, may_be_emptied=False) as database:
            return database.url.database

    return name


def test_the_name_of_a_workers_database(
    tmp_path: Path, database_of: Callable[[str | sa.URL, str | None], str | None]
) -> None:
    url = f"sqlite:///{tmp_path}/shop"

    assert database_of(f"{url}.db", None) == f"{tmp_path}/shop.db"
    assert database_of(f"{url}.db", "gw1") == f"{tmp_path}/shop_gw1.db"
    assert database_of(f"{url}_gw1.db", "gw1") == f"{tmp_path}/shop_gw1.db"  # the host has named it


def test_a_workers_database_that_is_there_is_used_and_stays(
    postgres_url: str, database_of: Callable[[str | sa.URL, str | None], str | None]
) -> None:
    """As after a run that was killed."""
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    own = f"{sa.make_url(postgres_url).database}_gw1"
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {own}"))
        try:
            for driver in ("postgresql+psycopg", "postgresql+psycopg2"):
                assert database_of(sa.make_url(postgres_url).set(drivername=driver), "gw1") == own
            assert databases(postgres_url, "_gw%") == [own]
        finally:
            connection.execute(sa.text(f"DROP DATABASE {own} WITH (FORCE)"))
    engine.dispose()
    assert database_of(postgres_url, "gw1") == own
    assert databases(postgres_url, "_gw%") == []


def test_a_database_that_cannot_be_created_is_asked_of_the_host(
    postgres_url: str, database_of: Callable[[str | sa.URL, str | None], str | None]
) -> None:
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        role = f"nobody_{sa.make_url(postgres_url).database}"
        connection.execute(sa.text(f"CREATE ROLE {role} LOGIN"))
        try:
            with pytest.raises(pytest.UsageError, match="Let `accounts_database_url` return another URL for each"):
                database_of(sa.make_url(postgres_url).set(username=role), "gw1")
        finally:
            connection.execute(sa.text(f"DROP ROLE {role}"))
    engine.dispose()


def test_accounts_in_memory_import_nothing_but_pytest_and_attrs(host: Host) -> None:
    """SQLAlchemy and argon2 are imported by the fixtures that need them."""
    host.write(
        conftest=CONFTEST,
        test_host="""
        import sys

        def test_sign_up(accounts, make_user, mailbox, clock, card_gateway, rate_limits, make_team):
            make_user(cards=["visa"], team=make_team())
            foreign = {"accounts_sql", "accounts_argon2", "accounts_smtp", "sqlalchemy", "msgspec", "jinja2"}
            assert foreign & sys.modules.keys() == set()
        """,
    )

    host.pytester.runpytest_subprocess("-q", "-W", "error").assert_outcomes(passed=1)
