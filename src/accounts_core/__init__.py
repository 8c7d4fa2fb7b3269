"""User accounts and their cards, for any product.

`Accounts` (asynchronous) and `BlockingAccounts` (synchronous) offer every use case over one set of ports. Adapters for
the ports are separate packages. Result classes are here and in `accounts_core.results`, errors in
`accounts_core.errors`, aggregates in `accounts_core.model`, ports in `accounts_core.ports`, and the contract suites
that an adapter has to pass in `accounts_core.testing`.
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
from accounts_core.sync import run_sync

__all__ = [
    "Accounts",
    "ActionRequired",
    "BlockingAccounts",
    "Caller",
    "MailDispatch",
    "PaymentMethod",
    "Policy",
    "Session",
    "SignInResult",
    "TeamId",
    "User",
    "UserId",
    "VerificationResult",
    "errors",
    "run_sync",
]
