"""User accounts and their cards, for any product.

Start with `Accounts` (asynchronous) or `BlockingAccounts` (synchronous): each method is something that a person or an
operator can do, from `register` on, and `help(Accounts)` begins with an example. They are given a database, a payment
provider, a password hasher and a mailer, which are in packages of their own (`accounts_sql`, `accounts_stripe`, ...).

    accounts_core.errors     every error that is raised on purpose
    accounts_core.results    what the methods return, beside the classes here
    accounts_core.model      users, sessions, cards, teams, events, and the settings (`Policy`)
    accounts_core.ports      what a database, provider, hasher or mailer of your own has to do
    accounts_core.testing    contract suites and a simulation, for your tests
"""

from accounts_core import errors
from accounts_core.accounts import Accounts, BlockingAccounts
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.payment_method import PaymentMethod
from accounts_core.model.policy import Policy
from accounts_core.model.session import Session
from accounts_core.model.user import User
from accounts_core.outbox.after_commit import MailDispatch
from accounts_core.results import ActionRequired, Caller, SignInResult, VerificationResult
from accounts_core.services.profile_type import ProfileType
from accounts_core.sync import run_sync

__all__ = [
    "Accounts",
    "ActionRequired",
    "BlockingAccounts",
    "Caller",
    "MailDispatch",
    "PaymentMethod",
    "Policy",
    "ProfileType",
    "Session",
    "SignInResult",
    "TeamId",
    "User",
    "UserId",
    "VerificationResult",
    "errors",
    "run_sync",
]
