"""Advice about the usual mistakes in tests, added where pytest reports them."""

import inspect
from collections.abc import Generator
from typing import Final

import pytest

_OURS: Final = frozenset(
    {
        "accounts",
        "async_accounts",
        "accounts_on_database",
        "async_accounts_on_database",
        "clock",
        "mailbox",
        "card_gateway",
        "make_user",
        "make_team",
    }
)
_NO_PLUGIN: Final = """\
{test} is an `async def`, and no plugin of pytest runs it. Either
- install pytest-asyncio, and mark the test with @pytest.mark.asyncio or set asyncio_mode = auto;
- or mark it with @pytest.mark.anyio, if anyio is installed;
- or write a plain `def` that uses `accounts` instead of `async_accounts`.
"""
_NOT_AWAITABLE: Final = (
    "The fixtures `accounts` and `accounts_on_database` are blocking, so their calls are not awaited. Those of"
    " `async_accounts` and `async_accounts_on_database` are."
)
_NOT_AWAITED: Final = (
    "Was an `await` forgotten? Each call of `async_accounts` and `async_accounts_on_database` is awaited. In a test"
    " without an event loop use `accounts` or `accounts_on_database`."
)


def _uses_kit(item: pytest.Item) -> bool:
    return not _OURS.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.hookimpl
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Say how to run an asynchronous test that no other plugin has run by now."""
    if inspect.iscoroutinefunction(pyfuncitem.obj) and _uses_kit(pyfuncitem):
        pytest.fail(_NO_PLUGIN.format(test=pyfuncitem.name), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    try:
        yield
    except (TypeError, AttributeError) as error:
        if _uses_kit(item):
            said = str(error)
            if "used in 'await' expression" in said:
                error.add_note(_NOT_AWAITABLE)
            elif "'coroutine' object" in said:
                error.add_note(_NOT_AWAITED)
        raise
