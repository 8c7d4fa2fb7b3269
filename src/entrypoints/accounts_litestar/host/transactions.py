"""The accounts inside the transaction of a host's session, as a dependency."""

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any, TypeAlias

from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from accounts_core import Accounts
from accounts_core.model.profile_data import D

AccountsInTransaction: TypeAlias = NamedDependency[SkipValidation[Accounts[D]]]
"""The annotation of a parameter that takes the accounts. Litestar would look into the facade to validate it."""


def accounts_in(session: str, accounts_in_transaction: Callable[[Any], Accounts[Any]]) -> Provide:
    """Return the dependency that gives the accounts in the transaction of the dependency `session`."""

    async def in_transaction(**dependencies: Any) -> Any:
        return accounts_in_transaction(dependencies[session])

    annotation = NamedDependency[SkipValidation[Any]]
    # Litestar finds dependencies by the names of parameters
    parameters = [Parameter(session, Parameter.KEYWORD_ONLY, annotation=annotation)]
    in_transaction.__signature__ = Signature(parameters, return_annotation=Any)  # type: ignore[attr-defined]
    in_transaction.__annotations__ = {session: annotation, "return": Any}
    return Provide(in_transaction)
