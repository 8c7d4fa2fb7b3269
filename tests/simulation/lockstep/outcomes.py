"""What a step comes to, in a form that can be compared to the last detail."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, StrEnum
from typing import Any

import attrs

from accounts_core.errors import AccountsError, ConfigurationError, Conflict


@attrs.frozen
class Outcome:
    """A value, or the error that was raised in its place."""

    value: Any = None
    error: Exception | None = None

    @classmethod
    def of(cls, call: Callable[[], Any]) -> "Outcome":
        try:
            return cls(value=call())
        except Exception as error:  # noqa: BLE001  an outcome like any other; `fault` judges it
            return cls(error=error)

    @property
    def is_fault(self) -> bool:
        """Whether it is an error that no caller may ever meet, were it the same on every store."""
        return self.error is not None and (
            not isinstance(self.error, AccountsError) or isinstance(self.error, ConfigurationError)
        )

    @property
    def kind(self) -> str:
        return "answered" if self.error is None else type(self.error).__name__

    def canonical(self) -> Any:
        if self.error is None:
            return canonical(self.value)
        # the words of a conflict are the adapter's own: the port says when it is raised, and no more
        words = "" if isinstance(self.error, Conflict) else str(self.error)
        return type(self.error).__name__, words, canonical(vars(self.error))


def canonical(value: Any) -> Any:
    """Return `value` as nested tuples, with every field, those that take no part in its own equality included.

    A sequence may come as a list or as a tuple, because the ports promise a `Sequence`; and a word of ours, such as
    `MailKind`, is the same as its text, because the ports say `str`.
    """
    match value:
        case StrEnum():
            return "str", value.value
        case Enum():
            return type(value).__name__, value.value
        case None | bool() | int() | float() | str() | bytes():
            return type(value).__name__, value
        case Mapping():
            return "mapping", tuple(sorted((str(name), canonical(each)) for name, each in value.items()))
        case Exception():  # another one of several values that are wrong
            return type(value).__name__, canonical(vars(value))
        case _ if attrs.has(type(value)):
            fields = ((field.name, canonical(getattr(value, field.name))) for field in attrs.fields(type(value)))
            return type(value).__name__, tuple(fields)
        case Sequence():
            return "sequence", tuple(canonical(each) for each in value)
        case _:
            return type(value).__name__, value
