"""Accounts on a host's database: `accounts_on_database`, on SQLite and PostgreSQL, with and without an event loop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.integration.pytest_kit.conftest import CONFTEST, Host

from accounts_core.sync import run_sync
from accounts_core.testing.builders import a_user
from accounts_core.testing.harness import keep
from accounts_sql import SqlStore, create_engine, current_revision, migrate

pytestmark = pytest.mark.long

pytest_plugins = ["pytester"]

URL = """
import pytest

@pytest.fixture(scope="session")
def accounts_database_url():
    return "{url}"
"""
TESTS = """
import asyncio
import pytest
from accounts_core.errors import InvalidToken

JANE = dict(email="jane@example.org", password="correct horse battery staple", name="Jane")

@pytest.mark.parametrize("number", [1, 2])
def test_blocking(accounts_on_database, make_user, mailbox, clock, card_gateway, number):
    jane = accounts_on_database.register(**JANE)  # free again in the second test
    assert mailbox.read("jane@example.org").click().id == jane.id
    john = make_user(cards=["visa"], team="Bookshop")
    assert accounts_on_database.authenticate(john.token).user.id == john.id
    assert len(accounts_on_database.list_payment_methods(john.id)) == len(card_gateway.holds) == 1
    clock.advance(days=30)
    with pytest.raises(InvalidToken):
        accounts_on_database.authenticate(john.token)

@pytest.mark.parametrize("number", [1, 2])
def test_asynchronous(async_accounts_on_database, make_user, mailbox, number):
    john = make_user()

    async def host():
        jane = await async_accounts_on_database.register(**JANE)
        await asyncio.gather(*(async_accounts_on_database.profile(jane.id) for _ in range(3)))
        assert (await async_accounts_on_database.authenticate(john.token)).user.id == john.id
        assert mailbox.read("jane@example.org").click().id == jane.id  # also where a loop runs
        return make_user().id

    assert asyncio.run(host()) > john.id

def test_both(accounts_on_database, async_accounts_on_database):
    jane = accounts_on_database.register(**JANE)
    assert asyncio.run(async_accounts_on_database.find_user("jane@example.org")).id == jane.id

def test_the_url_is_for_the_host_too(accounts_on_database, accounts_database, make_user):
    import sqlalchemy as sa
    jane = make_user()
    with accounts_database.engine.begin() as connection:
        inside = accounts_on_database.in_transaction(connection)
        inside.update_profile(jane.id, name="Mary")
        connection.rollback()
    assert accounts_on_database.profile(jane.id).name == "Jane Doe"

def test_limits(accounts_on_database, make_user, rate_limits):
    from accounts_core.errors import InvalidCredentials, RateLimitExceeded
    jane = make_user()
    for _ in range(30):
        with pytest.raises(InvalidCredentials):
            accounts_on_database.sign_in(email=jane.email, password="an entirely different one")
    with pytest.raises(RateLimitExceeded):
        accounts_on_database.sign_in(email=jane.email, password=jane.password)
"""
COUNT = 7


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shop.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


def users_in(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM accounts_users")) or 0


def test_each_test_begins_without_users_and_leaves_none(host: Host, url: str, engine: sa.Engine) -> None:
    host.passes(TESTS, conftest=CONFTEST + URL.format(url=url), count=COUNT)

    assert users_in(engine) == 0


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgresql+psycopg2", "postgresql+asyncpg"])
def test_the_url_may_name_any_driver(host: Host, postgres_url: str, driver: str) -> None:
    named = sa.make_url(postgres_url).set(drivername=driver).render_as_string(hide_password=False)

    host.passes(TESTS, conftest=CONFTEST + URL.format(url=named), count=COUNT)


def test_sqlite_in_memory_is_a_file_that_both_kinds_of_engines_open(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCOUNTS_TEST_DATABASE_URL", "sqlite://")

    host.passes(TESTS, count=COUNT)


def test_a_database_with_users_is_not_touched_unless_the_host_says_so(host: Host, url: str, engine: sa.Engine) -> None:
    migrate(engine)
    run_sync(keep(SqlStore(engine), a_user(1), a_user(2)))
    test = "def test_nothing(accounts_on_database): ...\n"

    said = host.says(test, conftest=CONFTEST + URL.format(url=url))
    assert "holds 2 rows in the table accounts_users, so these tests do not touch it" in said
    assert "def accounts_database_may_be_emptied():" in said
    assert users_in(engine) == 2

    allowed = "\n@pytest.fixture(scope='session')\ndef accounts_database_may_be_emptied(): return True\n"
    host.passes(test, conftest=CONFTEST + URL.format(url=url) + allowed)
    assert users_in(engine) == 0


def test_a_database_with_users_of_an_earlier_release_is_not_migrated(host: Host, url: str, engine: sa.Engine) -> None:
    migrate(engine)
    run_sync(keep(SqlStore(engine), a_user(1)))
    migrate(engine, "0012")

    said = host.says("def test_nothing(accounts_on_database): ...", conftest=CONFTEST + URL.format(url=url))

    assert "holds 1 row in the table accounts_users, so these tests do not touch it" in said
    assert current_revision(engine) == "0012"
    assert "profile" not in {column["name"] for column in sa.inspect(engine).get_columns("accounts_users")}


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ("postgresq://a:secret@b/c", "Only SQLite and PostgreSQL are supported"),
        ("postgresql+nothing://a:secret@b/c", "Can't load plugin"),
        ("postgresql://a:secret@127.0.0.1:1/c", "Connection refused"),
    ],
)
def test_a_password_in_the_url_is_not_shown(
    host: Host, monkeypatch: pytest.MonkeyPatch, named: str, reason: str
) -> None:
    monkeypatch.setenv("ACCOUNTS_TEST_DATABASE_URL", named)

    said = host.says("def test_nothing(accounts_on_database): ...")

    assert f"The database {named.replace('secret', '***')} cannot be opened: " in said
    assert reason in said
    assert "secret" not in said


def test_rows_of_the_host_that_refer_to_users_are_named(host: Host, url: str, engine: sa.Engine) -> None:
    host.write(
        orders="""
        import sqlalchemy as sa
        import accounts_sql
        metadata = sa.MetaData()
        accounts = accounts_sql.tables_for()
        orders = sa.Table("orders", metadata, sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("user_id", sa.ForeignKey(accounts.users.c.id)))
        """
    )
    orders = """
import pytest
from orders import metadata, orders

@pytest.fixture
def database(accounts_database_cleaned):
    metadata.create_all(accounts_database_cleaned.engine)
    yield accounts_database_cleaned
    if {deletes}:
        with accounts_database_cleaned.engine.begin() as connection:
            connection.execute(orders.delete())

def test_order(database, accounts_on_database, make_user):
    with database.engine.begin() as connection:
        connection.execute(orders.insert().values(user_id=make_user().id))
"""
    conftest = CONFTEST + URL.format(url=url)

    host.passes(orders.format(deletes=True), conftest=conftest)
    said = host.says(orders.format(deletes=False), conftest=conftest)
    assert "Delete yours in a fixture that asks for `accounts_database_cleaned`" in said


def test_a_transaction_of_the_host_that_is_still_open_is_no_endless_wait(host: Host, url: str) -> None:
    said = host.says(
        """
        import pytest

        @pytest.fixture
        def connection(accounts_database):
            with accounts_database.engine.connect() as connection, connection.begin() as transaction:
                yield connection
                transaction.rollback()

        def test_rename(connection, accounts_on_database, make_user):
            jane = make_user()
            accounts_on_database.in_transaction(connection).update_profile(jane.id, name="Mary")
        """,
        conftest=CONFTEST + URL.format(url=url),
    )

    assert "a transaction of yours that is still open" in said
    assert "fixture that asks for `accounts_database_cleaned`" in said


def test_profile_data_is_stored(host: Host, url: str) -> None:
    host.passes(
        """
        import attrs
        import pytest
        from accounts_profiles import profile_type

        @attrs.frozen
        class Customer:
            company: str

        @pytest.fixture
        def accounts_profile_type():
            return profile_type(Customer)

        @pytest.fixture
        def accounts_profile():
            return Customer("Acme")

        def test_profile(accounts_on_database, make_user, mailbox):
            assert accounts_on_database.profile(make_user().id).profile == Customer("Acme")
            john = make_user(profile={"company": "Initech"}, verified=False)
            assert mailbox.read(john.email).click().profile == Customer("Initech")
        """,
        conftest=CONFTEST + URL.format(url=url),
    )


def test_tables_with_a_prefix(host: Host, url: str, engine: sa.Engine) -> None:
    prefixed = "\n@pytest.fixture(scope='session')\ndef accounts_database_tables(): return {'prefix': 'auth_'}\n"

    host.passes(TESTS, conftest=CONFTEST + URL.format(url=url) + prefixed, count=COUNT)
    assert {name.partition("_")[0] for name in sa.inspect(engine).get_table_names()} == {"auth"}


def test_tables_in_a_schema(host: Host, postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA auth"))
    placed = "\n@pytest.fixture(scope='session')\ndef accounts_database_tables(): return {'schema': 'auth'}\n"

    host.passes(TESTS, conftest=CONFTEST + URL.format(url=postgres_url) + placed, count=COUNT)

    assert sa.inspect(engine).get_table_names() == []
    assert "accounts_users" in sa.inspect(engine).get_table_names("auth")
    engine.dispose()


def test_blocking_accounts_on_a_database_refuse_to_block_an_event_loop(host: Host) -> None:
    host.passes(
        """
        import asyncio
        import pytest
        from accounts_core.errors import ConfigurationError

        @pytest.fixture(scope="session")
        def accounts_database_url():
            return "sqlite://"

        def test_in_a_loop(accounts_on_database):
            async def host():
                accounts_on_database.find_user("jane@example.org")
            with pytest.raises(ConfigurationError, match="use `async_accounts_on_database`"):
                asyncio.run(host())
        """
    )


def test_every_test_of_a_host_is_on_its_database_once_it_overrides_accounts(host: Host, url: str) -> None:
    override = "\n@pytest.fixture\ndef accounts(accounts_on_database): return accounts_on_database\n"

    host.passes(
        """
        @pytest.fixture
        def jane(make_user):
            return make_user(email="jane@example.org")

        def test_through_a_fixture(jane, accounts, accounts_database):
            import sqlalchemy as sa
            with accounts_database.engine.connect() as connection:
                assert connection.scalar(sa.text("SELECT count(*) FROM accounts_users")) == 1
            assert accounts.find_user("jane@example.org").id == jane.id

        def test_made_first(make_user, accounts):
            assert accounts.profile(make_user().id)

        def test_without_accounts(make_user, mailbox):
            mailbox.read(make_user(verified=False).email).click()

        @pytest.fixture(params=["accounts_on_database", "async_accounts_on_database"])
        def either(request):
            return request.getfixturevalue(request.param)

        def test_dynamically(either, make_user):
            make_user()
        """.replace("        @pytest", "        import pytest\n        @pytest", 1),
        conftest=CONFTEST + URL.format(url=url) + override,
        count=5,
    )
