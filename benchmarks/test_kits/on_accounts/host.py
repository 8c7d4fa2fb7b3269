"""A host on accounts-core and Litestar. What production gives it is in `production.py`."""

from litestar import Litestar

from accounts_core import Accounts
from accounts_litestar import AccountsPlugin


def create_app(accounts: Accounts) -> Litestar:
    return Litestar([], plugins=[AccountsPlugin(accounts)])
