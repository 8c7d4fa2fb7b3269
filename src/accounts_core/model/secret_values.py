"""Values that must not leave the application by accident, such as a password hash in a serialised `User`.

A secret value is neither text nor an attrs class nor a dataclass, and has no attribute that holds the value. So
`attrs.asdict`, `json`, msgspec, pydantic, cattrs and whatever else walks over an object either raises an error for it
or shows `PasswordHash([hidden])`. Code that needs the value calls `reveal()`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, NoReturn, Self, TypeVar

T = TypeVar("T")


class SecretValue(Generic[T]):
    """A secret. Two are equal if they have the same class and the same value. It cannot be changed or pickled."""

    # a function, so that an encoder that reads every slot does not find the value
    __slots__ = ("_read",)

    _read: Callable[[], T]

    def __init__(self, value: T) -> None:
        object.__setattr__(self, "_read", lambda: value)

    def reveal(self) -> T:
        """Return the value."""
        return self._read()

    def __eq__(self, other: object) -> bool:
        return self._read() == other._read() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self._read()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}([hidden])"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"A {type(self).__name__} cannot be changed.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"A {type(self).__name__} cannot be changed.")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"A {type(self).__name__} cannot be pickled, so that no cache or queue gets the secret.")


class PasswordHash(SecretValue[str]):
    """A salted hash of a password, in the hasher's own format."""

    __slots__ = ()


class TokenDigest(SecretValue[bytes]):
    """The SHA-256 of an access token or of a mail token."""

    __slots__ = ()


class ClientSecret(SecretValue[str]):
    """The secret of one card authentication, for the provider's client library in this user's browser."""

    __slots__ = ()


class NextAction(SecretValue[Mapping[str, Any]]):
    """The payment provider's description of a card authentication, whose URLs may have secrets; for this user only."""

    __slots__ = ()
