"""A host on accounts-core and Litestar. What production gives it is in `production.py`."""

import attrs
from litestar import Litestar

from accounts_core import Accounts
from accounts_litestar import AccountsPlugin


@attrs.frozen
class Customer:
    company: str = ""


def create_app(accounts: Accounts[Customer]) -> Litestar:
    return Litestar([], plugins=[AccountsPlugin(accounts)])
