"""The profile fields: what people write about themselves when they sign up, and may change.

A profile field is declared here: in `ProfileFields` with its rule and what it is, and in `NewProfile` and
`ProfileChanges` with what callers may pass. `User` and `SignUp` have every field of `ProfileFields`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Required, Self, TypedDict

import attrs

from .language_tags import language_tag
from .text import display_name
from .time_zones import time_zone_name

DESCRIPTION: Final = "description"
_RULE: Final = "rule"
_IS_KNOWN: Final = "is_known"

_Rule = Callable[[str, str], str]


def _checked_by(rule: Callable[[str, str], str | None], description: str, *, is_known: bool = True) -> dict[str, Any]:
    """Return the metadata of a profile field.

    Args:
        rule: Takes the field's name and the text as typed. Returns the value to store, or raises `Invalid`.
        description: What it is, with its limits, for the documentation of each use case that takes it. It has no full
            stop at its end.
        is_known: Whether others know the person by it, so that it may not be the password. A value of a public list,
            which the person shares with millions, says nothing about them.

    """
    return {_RULE: rule, DESCRIPTION: description, _IS_KNOWN: is_known}


def _removable(rule: _Rule) -> Callable[[str, str], str | None]:
    """Return the rule of a field that an empty text removes."""
    return lambda field, text: rule(field, text) if text else None


class NewProfile(TypedDict, total=False):
    """The profile fields of a sign-up, as keyword arguments."""

    name: Required[str]
    locale: str | None
    time_zone: str | None


class ProfileChanges(TypedDict, total=False):
    """The profile fields of an update, as keyword arguments; None keeps the old value."""

    name: str | None
    locale: str | None
    time_zone: str | None


@attrs.frozen(kw_only=True)
class ProfileFields:
    """The profile fields, as people write them about themselves."""

    name: str = attrs.field(
        metadata=_checked_by(display_name, "The person's name, 1 to 200 characters on one line, without a card number")
    )
    locale: str | None = attrs.field(
        default=None,
        metadata=_checked_by(
            _removable(language_tag),
            "The language of mails, a BCP 47 tag of at most 35 characters such as de-AT; an empty text removes it",
            is_known=False,
        ),
    )
    time_zone: str | None = attrs.field(
        default=None,
        metadata=_checked_by(
            _removable(time_zone_name),
            "The time zone of times in mails, an IANA name such as Europe/Vienna; an empty text removes it",
            is_known=False,
        ),
    )

    @classmethod
    def check(cls, typed: NewProfile) -> Self:
        """Return the profile of a sign-up.

        Raises:
            Invalid: On a field that breaks its rule.

        """
        required = NewProfile.__required_keys__
        return cls(**_checked({name: value for name, value in typed.items() if value is not None or name in required}))

    def profile_fields(self) -> dict[str, Any]:
        """Return the values of the profile fields by name, and of no other field of a subclass."""
        return {name: getattr(self, name) for name in PROFILE_FIELDS}

    @property
    def profile_texts(self) -> tuple[str, ...]:
        """The texts that others know the person by, which may not be used as a password."""
        return known_texts(self.profile_fields())


def check_changes(changes: ProfileChanges) -> dict[str, Any]:
    """Return the new values of the profile fields that change.

    Raises:
        Invalid: On a field that breaks its rule.

    """
    return _checked({name: value for name, value in changes.items() if value is not None})


def known_texts(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the texts that others know the person by, of the values of some profile fields by name."""
    values = (fields.get(name) for name, field in PROFILE_FIELDS.items() if field.metadata[_IS_KNOWN])
    return tuple(text for text in values if isinstance(text, str))


def _checked(typed: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := typed.keys() - PROFILE_FIELDS.keys():
        raise TypeError(f"unexpected keyword arguments: {', '.join(sorted(unknown))}")
    return {name: PROFILE_FIELDS[name].metadata[_RULE](name, text) for name, text in typed.items()}


PROFILE_FIELDS: Final[Mapping[str, "attrs.Attribute[Any]"]] = attrs.fields_dict(ProfileFields)
