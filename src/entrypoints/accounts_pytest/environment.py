"""The accounts that a test uses: those in memory, or those on the host's database. It cannot use both."""

from collections.abc import Callable
from typing import Final

import pytest

from accounts_core import BlockingAccounts, UserId

from .kit import Facades, Parts, in_memory

ON_DATABASE: Final = frozenset({"accounts_on_database", "async_accounts_on_database"})
_BOTH: Final = (
    "This test uses accounts in memory and accounts on a database, which know nothing of each other. Use one of them,"
    " or override the fixture `accounts` so that every test has those on the database:\n\n"
    "    @pytest.fixture\n"
    "    def accounts(accounts_on_database):\n"
    "        return accounts_on_database\n"
)


class Environment:
    """The accounts of one test; the first fixture that it asks for chooses them."""

    def __init__(self, parts: Parts, request: pytest.FixtureRequest) -> None:
        self.parts = parts
        self._request = request
        self._facades: Facades | None = None
        self._is_on_database = False

    def in_memory(self) -> Facades:
        """Return the accounts in memory."""
        return self._choose(lambda: in_memory(self.parts), is_on_database=False)

    def on_database(self, open_facades: Callable[[], Facades]) -> Facades:
        """Return the accounts on the database."""
        return self._choose(open_facades, is_on_database=True)

    def _choose(self, make: Callable[[], Facades], *, is_on_database: bool) -> Facades:
        if self._facades is None:
            self._facades = make()
            self._is_on_database = is_on_database
        elif self._is_on_database is not is_on_database:
            raise pytest.UsageError(_BOTH)
        return self._facades

    @property
    def facades(self) -> Facades:
        """The accounts that the test uses. If none of its fixtures has chosen, this does."""
        if self._facades is None:
            name = next(iter(ON_DATABASE & set(self._request.fixturenames)), "accounts")
            self._request.getfixturevalue(name)
        if self._facades is None:
            raise pytest.UsageError(
                "The fixture `accounts` is overridden, and its accounts are not those of the kit, so `make_user` and"
                " `mail.click()` cannot reach them. Override `accounts_policy`, `accounts_owned_data`,"
                " `accounts_subscribers` and the others instead, or give your fixture another name."
            )
        return self._facades

    def accounts(self) -> BlockingAccounts:
        """Return the accounts for the kit's own calls."""
        return self.facades.own

    def user_of(self, token: str) -> UserId | None:
        return self.facades.user_of(token)
