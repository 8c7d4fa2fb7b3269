"""The profile fields: what people write about themselves when they sign up, and may change.

A profile field is declared here: in `ProfileFields` with its rule and what it is, and in `NewProfile` and
`ProfileChanges` with what callers may pass. `User` and `SignUp` have every field of `ProfileFields`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Required, Self, TypedDict

import attrs

from .text import display_name

DESCRIPTION: Final = "description"
_RULE: Final = "rule"


def _checked_by(rule: Callable[[str, str], str], description: str) -> dict[str, Any]:
    """Return the metadata of a profile field.

    Args:
        rule: Takes the field's name and the text as typed. Returns the text to store, or raises `Invalid`.
        description: What it is, with its limits, for the documentation of each use case that takes it. It has no full
            stop at its end.

    """
    return {_RULE: rule, DESCRIPTION: description}


class NewProfile(TypedDict, total=False):
    """The profile fields of a sign-up, as keyword arguments."""

    name: Required[str]


class ProfileChanges(TypedDict, total=False):
    """The profile fields of an update, as keyword arguments; None keeps the old value."""

    name: str | None


@attrs.frozen(kw_only=True)
class ProfileFields:
    """The profile fields, as people write them about themselves."""

    name: str = attrs.field(
        metadata=_checked_by(display_name, "The person's name, 1 to 200 characters on one line, without a card number")
    )

    @classmethod
    def check(cls, typed: NewProfile) -> Self:
        """Return the profile of a sign-up.

        Raises:
            Invalid: On a field that breaks its rule.

        """
        return cls(**_checked(typed))

    def profile_fields(self) -> dict[str, Any]:
        """Return the values of the profile fields by name, and of no other field of a subclass."""
        return {name: getattr(self, name) for name in PROFILE_FIELDS}

    @property
    def profile_texts(self) -> tuple[str, ...]:
        """The texts of the profile, which may not be used as a password."""
        return tuple(text for text in self.profile_fields().values() if isinstance(text, str))


def check_changes(changes: ProfileChanges) -> dict[str, Any]:
    """Return the new values of the profile fields that change.

    Raises:
        Invalid: On a field that breaks its rule.

    """
    return _checked({name: value for name, value in changes.items() if value is not None})


def _checked(typed: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := typed.keys() - PROFILE_FIELDS.keys():
        raise TypeError(f"unexpected keyword arguments: {', '.join(sorted(unknown))}")
    return {name: PROFILE_FIELDS[name].metadata[_RULE](name, text) for name, text in typed.items()}


PROFILE_FIELDS: Final[Mapping[str, "attrs.Attribute[Any]"]] = attrs.fields_dict(ProfileFields)
