"""The host application's profile data in bodies and answers: the field `profile`, where a type is declared.

The structs of this package have no such field. Those with it are made from them once, so that a service without a type
takes, shows and documents none.
"""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from accounts_core import Accounts
from accounts_core.errors import ConfigurationError
from accounts_core.model.user import User
from accounts_http.bodies import PROFILE, value_or_none
from accounts_http.schemas.account import ChangedUser, CurrentUser
from accounts_http.schemas.user import UserData, UserObject

S = TypeVar("S", bound=msgspec.Struct)

logger: Final = logging.getLogger("accounts_http")


class HostProfile:
    """Stands for the type of the profile data in the answers' structs, for their documentation."""


@cache
def body_with_profile(model: type[S]) -> type[S]:
    """Return the struct of a body with the profile data, as a JSON object."""
    return _with_field(model, PROFILE, dict[str, Any] | UnsetType, default=UNSET)


@cache
def answer_with_profile(model: type[S]) -> type[S]:
    """Return the struct of an answer with the profile data, if it can be read."""
    return _with_field(model, PROFILE, HostProfile | UnsetType, default=UNSET)


def answers_with_profile() -> Mapping[Any, Any]:
    """Return the structs of answers that show a user, each with the one that shows the profile data as well."""
    return {
        CurrentUser: answer_with_profile(CurrentUser),
        ChangedUser: answer_with_profile(ChangedUser),
        UserData: _with_field(UserData, "data", answer_with_profile(UserObject)),
    }


def profile_data(body: msgspec.Struct) -> dict[str, Any] | None:
    """Return the profile data that was sent, or None."""
    sent: dict[str, Any] | None = value_or_none(getattr(body, PROFILE, UNSET))
    return sent


def shown_profile(accounts: Accounts[Any], user: User[Any]) -> Mapping[str, Any] | None:
    """Return the members of a user's profile data, or None where there is no type, or none is stored.

    None too if what is stored cannot be read with the type, which is logged: a mistake in an upgrade must not keep
    users from the rest of their account. Users from before there was a type may lack what it requires, which is not.
    """
    kind = accounts.profile_type
    if kind is None or not kind.stored:
        return None
    try:
        return kind.dump(user.profile)
    except ConfigurationError as error:
        if user.profile_data is not None and user.profile_data.version:
            logger.error("The profile data of user %s is left out of an answer. %s", user.id, error)  # noqa: TRY400  without the trace, which may have the data
        return None


def with_profile(answer: S, profile: Mapping[str, Any] | None) -> S:
    """Return an answer with the members of the profile data; the same one for None."""
    if profile is None:
        return answer
    if isinstance(answer, UserData):
        return msgspec.structs.replace(answer, data=with_profile(answer.data, profile))
    fields = {name: getattr(answer, name) for name in answer.__struct_fields__}
    shown: S = answer_with_profile(type(answer))(**fields, **{PROFILE: profile})
    return shown


def _with_field(model: type[S], name: str, kind: Any, **default: Any) -> type[S]:
    """Return a struct like `model`, under the same name, with one more field or another type of one."""
    field = (name, kind, default["default"]) if default else (name, kind)
    made: type[S] = msgspec.defstruct(  # type: ignore[assignment]  # a subclass of its base
        model.__name__, [field], bases=(model,), module=model.__module__, kw_only=True
    )
    made.__doc__ = model.__doc__
    return made
