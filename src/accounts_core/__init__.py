"""User accounts and their cards, for any product.

`Accounts` (asynchronous) and `BlockingAccounts` (synchronous) hold every use case over one set of ports; adapters for
the ports are packages of their own. Errors are in `accounts_core.errors`, aggregates in `accounts_core.model`, ports in
`accounts_core.ports`, and the contract suites that an adapter has to pass in `accounts_core.testing`.
"""

from accounts_core.accounts import Accounts, BlockingAccounts
from accounts_core.model.policy import Policy
from accounts_core.sync import run_sync

__all__ = ["Accounts", "BlockingAccounts", "Policy", "run_sync"]
