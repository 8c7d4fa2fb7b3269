"""A test kit for applications that embed the accounts, as a plugin of pytest.

One line in the top-level conftest.py switches it on:

    pytest_plugins = ["accounts_pytest"]

    def test_sign_up(accounts, mailbox):
        accounts.register(email="jane@example.org", password="correct horse battery staple", name="Jane")
        assert mailbox.read("jane@example.org").click().is_email_verified

`docs/testing.md` describes the fixtures. The contract suites of `accounts_core.testing` run by the same line.

This module holds no tests, and a conftest.py may import the types below before pytest loads the plugin:
PYTEST_DONT_REWRITE
"""

from typing import TYPE_CHECKING, Any

from accounts_core.model.mail_kind import MailKind

from .cards import CardGateway, CardName
from .clock import TestClock
from .factories import PASSWORD, MadeTeam, MadeUser, MakeTeam, MakeUser
from .limits import RateLimits
from .mailbox import Mail, Mailbox

if TYPE_CHECKING:
    from .database import AccountsDatabase

pytest_plugins = [
    "accounts_core.testing.plugin",
    "accounts_pytest.fixtures",
    "accounts_pytest.database_fixtures",
    "accounts_pytest.help",
]

__all__ = [
    "PASSWORD",
    "AccountsDatabase",
    "CardGateway",
    "CardName",
    "MadeTeam",
    "MadeUser",
    "Mail",
    "MailKind",
    "Mailbox",
    "MakeTeam",
    "MakeUser",
    "RateLimits",
    "TestClock",
]


def __getattr__(name: str) -> Any:
    if name == "AccountsDatabase":  # needs SQLAlchemy, which a host without a database does not have
        from .database import AccountsDatabase

        return AccountsDatabase
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
