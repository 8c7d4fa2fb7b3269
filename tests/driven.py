"""A facade for applications without an event loop, behind coroutine functions: for tests over both facades."""

from typing import Any, cast

from accounts_core import Accounts, BlockingAccounts
from accounts_core.facade import methods


class _Driven:
    def __init__(self, accounts: BlockingAccounts[Any]) -> None:
        self._accounts = accounts

    def on(self, store: Any) -> "_Driven":
        return _Driven(self._accounts.on(store))

    def in_transaction(self, transaction: object) -> "_Driven":
        return _Driven(self._accounts.in_transaction(transaction))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._accounts, name)
        if name not in methods(BlockingAccounts):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            return found(*args, **kwargs)

        return call


def driven(accounts: BlockingAccounts[Any]) -> Accounts[Any]:
    """Return accounts whose methods are awaited, and which block the thread as `accounts` do."""
    return cast("Accounts[Any]", _Driven(accounts))


def accounts_of(**ports: Any) -> Accounts[Any]:
    """Return accounts whose methods are awaited, over a store for event loops or one that blocks the thread."""
    is_blocking = getattr(ports["store"], "blocks", False)
    return driven(BlockingAccounts(**ports)) if is_blocking else Accounts(**ports)
