"""What the kit says to those who use it wrongly."""

import sys

import pytest
from tests.integration.pytest_kit.conftest import ASYNCIO, CONFTEST, Host

pytestmark = pytest.mark.long

pytest_plugins = ["pytester"]


def test_an_asynchronous_test_without_a_plugin(host: Host) -> None:
    code = """
    async def test_sign_up(async_accounts):
        await async_accounts.register()
    """
    for arguments in ((), ("-p", "anyio.pytest_plugin"), ASYNCIO):
        said = host.says(code, *arguments)
        assert "test_sign_up is an `async def`, and no plugin of pytest runs it" in said
        assert "@pytest.mark.asyncio or set asyncio_mode = auto" in said
        assert "uses `accounts` instead of `async_accounts`" in said


def test_an_asynchronous_test_that_has_nothing_to_do_with_the_kit_is_left_to_pytest(host: Host) -> None:
    said = host.says("async def test_other(): ...")

    assert "no plugin of pytest runs it" not in said
    assert "async def functions are not natively supported" in said


def test_blocking_accounts_that_are_awaited(host: Host) -> None:
    said = host.says(
        """
        import pytest
        @pytest.mark.asyncio
        async def test_sign_up(accounts):
            await accounts.find_user("jane@example.org")
        @pytest.mark.asyncio
        async def test_made(accounts, make_user):
            make_user(email="jane@example.org")
            await accounts.find_user("jane@example.org")
        """,
        *ASYNCIO,
    )

    assert "object User can't be used in 'await' expression" in said
    assert said.count("The fixtures `accounts` and `accounts_on_database` are blocking") == 1


def test_asynchronous_accounts_that_are_not_awaited(host: Host) -> None:
    host.write(
        conftest=CONFTEST,
        test_host="""
        def test_sign_up(async_accounts):
            assert async_accounts.find_user("jane@example.org").id
        """,
    )

    said = host.pytester.runpytest_subprocess("-q").stdout.str()  # here its coroutine would be left to other tests

    assert "'coroutine' object has no attribute 'id'" in said
    assert "Was an `await` forgotten?" in said


def test_no_database_is_named(host: Host) -> None:
    said = host.says("def test_sign_up(accounts_on_database): ...")

    assert "No database is named for the accounts of this test. Set ACCOUNTS_TEST_DATABASE_URL" in said
    assert "def accounts_database_url():" in said


def test_sqlalchemy_is_missing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("accounts_sql") or name == "accounts_pytest.database"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "accounts_sql", None)

    said = host.says("def test_sign_up(accounts_on_database): ...")
    host.passes("def test_memory(make_user): make_user()\n")

    assert "Accounts on a database need accounts_sql: pip install 'accounts-core[sql]'" in said


def test_accounts_in_memory_and_on_a_database_in_one_test(host: Host) -> None:
    url = "\nimport pytest\n@pytest.fixture(scope='session')\ndef accounts_database_url(): return 'sqlite://'\n"
    said = host.says("def test_sign_up(accounts, accounts_on_database): ...", conftest=CONFTEST + url)

    assert "which know nothing of each other" in said
    assert "return accounts_on_database" in said


def test_a_fixture_with_a_wider_scope(host: Host) -> None:
    said = host.says(
        """
        import pytest

        @pytest.fixture(scope="session")
        def jane(make_user):
            return make_user()

        def test_sign_up(jane): ...
        """
    )

    assert "ScopeMismatch" in said
    assert "make_user" in said


@pytest.mark.parametrize("name", ["clock", "mailbox", "card_gateway"])
def test_a_fixture_of_the_host_with_the_name_of_one_of_ours(host: Host, name: str) -> None:
    said = host.says(
        f"""
        import pytest

        @pytest.fixture
        def {name}():
            return "something else"

        def test_sign_up(accounts): ...
        """
    )

    assert f"A fixture of yours is called `{name}` as one of accounts_pytest, and returns a str" in said


def test_accounts_of_the_hosts_own_are_not_reached(host: Host) -> None:
    said = host.says(
        """
        import pytest

        @pytest.fixture
        def accounts():
            return "my own"

        def test_sign_up(accounts, make_user):
            make_user()
        """
    )

    assert "The fixture `accounts` is overridden, and its accounts are not those of the kit" in said
    assert "Override `accounts_policy`" in said


def test_a_mail_that_was_not_sent(host: Host) -> None:
    said = host.says(
        """
        def test_sign_up(mailbox, make_user):
            make_user(email="jane@example.org", verified=False)
            mailbox.read("john@example.org", "verify_email")
        """
    )

    assert "No mail of the kind verify_email was sent to john@example.org." in said
    assert "verify_email to jane@example.org" in said
    assert "found = self.sent(" not in said  # the report ends in the test, not in the kit


def test_a_kind_of_mail_that_is_not_there(host: Host) -> None:
    said = host.says("def test_sign_up(mailbox): mailbox.sent(kind='verify_mail')")

    assert "There is no kind of mail 'verify_mail'. Did you mean 'verify_email'?" in said


def test_links_that_are_not_there_or_need_more(host: Host) -> None:
    host.passes(
        """
        import pytest
        from accounts_core.errors import WrongPassword
        from accounts_pytest import Mailbox

        def test_no_link(mailbox, accounts, make_user):
            jane = make_user()
            accounts.deactivate(jane.id)
            mail = mailbox.read(jane.email)
            for ask in (lambda: mail.token, lambda: mail.link, mail.click):
                with pytest.raises(AssertionError, match="account_deactivated to user1@example.org. The kinds"):
                    ask()

        def test_no_new_password(mailbox, accounts, make_user):
            jane = make_user()
            accounts.forgot_password(email=jane.email)
            with pytest.raises(AssertionError, match="password='...'"):
                mailbox.read(jane.email).click()

        def test_another_sign_up(mailbox, accounts, make_user):
            jane = make_user(verified=False)
            with pytest.raises(Exception):
                accounts.register(email=jane.email, password="an entirely different one", name="John")
            with pytest.raises(WrongPassword):
                mailbox.read(jane.email).click()
            john = mailbox.read(jane.email).click(password="an entirely different one")
            assert john.name == "John"

        def test_a_mailbox_of_ones_own(accounts, make_user):
            with pytest.raises(AssertionError, match="not the one of the fixture"):
                Mailbox().links
        """
    )
