"""The test kit gone wrong: a host's tests would pass where they must not, fail where they must not, or delete data."""

from typing import Final

from tests.mutants.mutant import Mutant

_KIT: Final = "entrypoints/accounts_pytest"
_TESTS: Final = "tests/integration/pytest_kit"
_MAILS: Final = f"{_TESTS}/test_fixtures.py::test_the_mailbox_is_read_and_clicked"
_TIME: Final = f"{_TESTS}/test_fixtures.py::test_the_clock_moves_links_sessions_limits_and_jobs"
_CARDS: Final = f"{_TESTS}/test_fixtures.py::test_cards_behave_as_they_are_named"
_USERS: Final = f"{_TESTS}/test_fixtures.py::test_users_are_made_in_each_state"

KIT: Final = (
    Mutant(
        name="a test kit whose mailbox reads the oldest mail",
        at=f"{_KIT}/mailbox.py::Mailbox.read",
        old="found[-1]",
        new="found[0]",
        check=_MAILS,
    ),
    Mutant(
        name="a test kit that follows a link as the signed-in person whatever password is typed",
        at=f"{_KIT}/mailbox.py::Mail.click",
        old="links.accounts().verify_email(token=token, password=password)",
        new="links.accounts().verify_email(token=token, user_id=links.user_of(token))",
        check=_MAILS,
    ),
    Mutant(
        name="a test kit whose clock takes minutes for hours",
        at=f"{_KIT}/clock.py::TestClock.advance",
        old="timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)",
        new="timedelta(days=days, hours=hours + minutes, seconds=seconds)",
        check=_TIME,
    ),
    Mutant(
        name="a test kit whose clock cannot be set back",
        at=f"{_KIT}/clock.py::TestClock.set",
        old="self.jump(time - self.now())",
        new="self.advance(time - self.now())",
        check=_TIME,
    ),
    Mutant(
        name="a test kit that makes no unverified users",
        at=f"{_KIT}/factories.py::Factories.make_user",
        old="if verified:\n    accounts.mark_email_verified(user.id)",
        new="accounts.mark_email_verified(user.id)",
        check=_USERS,
    ),
    Mutant(
        name="a test kit that leaves the mails of its factories in the mailbox",
        at=f"{_KIT}/factories.py::Factories._quietly",
        old="key not in involved or (involved[key] and message.kind is MailKind.VERIFY_EMAIL)",
        new="True",
        check=_USERS,
    ),
    Mutant(
        name="a test kit whose factories use the limits up",
        at=f"{_KIT}/limits.py::RateLimits.paused",
        old="before, self.is_on = self.is_on, False",
        new="before = self.is_on",
        check=_USERS,
    ),
    Mutant(
        name="a test kit whose slow provider does nothing",
        at=f"{_KIT}/cards.py::CardGateway.slow",
        old='self._failing(methods, "too slow", after=True)',
        new='self._failing(methods, "too slow", after=False)',
        check=_CARDS,
    ),
    Mutant(
        name="a test kit that leaves rows to the next test",
        at=f"{_KIT}/database.py::AccountsDatabase.empty",
        old="connection.execute(table.delete())",
        new="",
        check=f"{_TESTS}/test_database.py::test_each_test_begins_without_users_and_leaves_none[sqlite]",
    ),
    Mutant(
        name="a test kit that empties a database in use",
        at=f"{_KIT}/database.py::opened",
        old="if not may_be_emptied:\n    database.require_empty()",
        new="",
        check=f"{_TESTS}/test_database.py::test_a_database_with_users_is_not_touched_unless_the_host_says_so[sqlite]",
    ),
    Mutant(
        name="a test kit whose workers share a database",
        at=f"{_KIT}/database.py::_of_worker",
        old='yield url.set(database=str(file.with_name(f"{file.stem}_{worker}{file.suffix}")))',
        new="yield url",
        check=f"{_TESTS}/test_other_plugins.py::test_the_name_of_a_workers_database",
    ),
)
