"""Check of the ids and tokens that an application passes to a facade.

A number in a text, as it comes from a URL, is the usual mistake. Without the check each store would react in its own
way: one returns no user, another raises an error of its driver.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from inspect import signature
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import attrs

from accounts_core.errors import WrongIdType
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.session import Session

_NUMBERS: Final[dict[Any, str]] = {
    UserId: "a user id is an int, the `id` of a User",
    TeamId: "a team id is an int, the `id` of a Team",
}
_OTHER_NAMES: Final = frozenset({"id", "keep_session", "payment_method"})
"""Arguments for a textual id whose name does not end in `_id`."""


@attrs.frozen
class IdArgument:
    """An argument of a use case that is an id, a token, or the session itself."""

    _name: str
    _place: int | None
    """Position among the positional arguments; None if it is keyword-only."""
    _type: type
    _description: str
    _is_optional: bool

    def check(self, method: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Raise `WrongIdType` if the argument is given and has another type."""
        if self._name in kwargs:
            value = kwargs[self._name]
        elif self._place is not None and self._place < len(args):
            value = args[self._place]
        else:
            return
        if type(value) is self._type or (value is None and self._is_optional):
            return
        if not isinstance(value, self._type) or isinstance(value, bool):
            advice = " Convert a text with int(...) first." if self._type is int and isinstance(value, str) else ""
            raise WrongIdType(
                f"{method}: {self._name} is of type {type(value).__name__}, but {self._description}.{advice}"
            )


def id_arguments(cls: type[Any]) -> tuple[IdArgument, ...]:
    """Return the arguments of a use case that are ids or tokens."""
    return _id_arguments(cls.__call__)


@cache
def _id_arguments(call: Callable[..., Any]) -> tuple[IdArgument, ...]:
    hints = get_type_hints(call)
    parameters = list(signature(call).parameters.values())[1:]
    found = []
    for place, parameter in enumerate(parameters):
        kind, is_optional = _without_none(hints.get(parameter.name))
        described = _described(parameter.name, kind)
        if described is not None:
            position = None if parameter.kind is parameter.KEYWORD_ONLY else place
            found.append(IdArgument(parameter.name, position, *described, is_optional))
    return tuple(found)


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in (Union, UnionType):
        return hint, False
    others = [each for each in get_args(hint) if each is not NoneType]
    return (others[0] if len(others) == 1 else None), NoneType in get_args(hint)


def _described(name: str, kind: Any) -> tuple[type, str] | None:
    if kind in (UserId, TeamId):
        return int, _NUMBERS[kind]
    if kind is Session:
        return Session, "a session is the Session that `authenticate` or `sign_in` returned"
    if kind is str and name == "token":
        return str, "a token is a str. A request without one is not signed in"
    if kind is str and (name.endswith("_id") or name in _OTHER_NAMES):
        return str, "this id is a str, as it was returned"
    return None
