"""What `accounts_core` gives to applications, and how its facades are read."""

import inspect
from typing import Any

import attrs
import pytest

import accounts_core
from accounts_core import Accounts, BlockingAccounts, results
from accounts_core.container import require
from accounts_core.facade import methods, use_case

NAMES = [
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
RESULTS = [
    "MAX_URL",
    "ActionRequired",
    "IdempotentAnswer",
    "Caller",
    "ExportPart",
    "ExportWriter",
    "JobHandler",
    "IdempotentOperation",
    "OverdueJobs",
    "IdempotentResult",
    "WorkerRun",
    "TimesRepairResult",
    "SignInResult",
    "CleanupResult",
    "VerificationView",
    "VerificationResult",
]
METHODS = [
    pytest.param(facade, name, id=f"{facade.__name__}.{name}")
    for facade in (Accounts, BlockingAccounts)
    for name in methods(facade)
]


def test_the_exported_names_are_these() -> None:
    assert sorted(accounts_core.__all__) == sorted(NAMES)
    assert sorted(results.__all__) == sorted(RESULTS)


@pytest.mark.parametrize(("facade", "name"), METHODS)
def test_a_method_of_a_facade_has_the_signature_and_the_docstring_of_its_use_case(facade: type[Any], name: str) -> None:
    method, call = getattr(facade, name), methods(facade)[name].__call__

    assert method.__name__ == name
    assert inspect.signature(method) == inspect.signature(call)
    kinds = {parameter.kind for parameter in inspect.signature(method).parameters.values()}
    assert not kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    assert inspect.unwrap(method) is call
    assert method.__doc__
    assert method.__doc__ == call.__doc__


def test_what_a_facade_takes_is_said_once_and_by_keyword() -> None:
    for facade in (Accounts, BlockingAccounts):
        parameters = inspect.signature(facade).parameters.values()
        assert {parameter.kind for parameter in parameters} == {inspect.Parameter.KEYWORD_ONLY}
    assert set(inspect.signature(Accounts).parameters) == set(inspect.signature(BlockingAccounts).parameters)


def test_a_use_case_that_needs_what_nothing_provides_fails_where_it_is_declared() -> None:
    @attrs.frozen
    class Unprovided:
        _store: dict[str, str]

        async def __call__(self) -> None: ...

    with pytest.raises(TypeError, match=r"Nothing provides 'store' of .*Unprovided, a dict"):
        use_case(Unprovided)
    with pytest.raises(TypeError, match="is not an attrs class"):
        require(object)
