"""The profile fields that a person writes about themself: at sign-up, and in the updates of both APIs.

Each field of `accounts_core.model.profile` is in `ProfileBody`; the bodies inherit it, and the handlers pass it on.
Inherited fields are not renamed by msgspec: one with several words is declared again in the account API's `ChangeUser`.
"""

from typing import Annotated, Any, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts_core.model.profile import NewProfile, ProfileChanges

Locale = Annotated[
    str | None,
    Meta(
        description="The language of mails, a BCP 47 tag; an empty text removes it, and null keeps it.",
        examples=["de-AT"],
    ),
]
TimeZone = Annotated[
    str | None,
    Meta(
        description="The time zone of times in mails, an IANA name; an empty text removes it, and null keeps it.",
        examples=["Europe/Vienna"],
    ),
]


class ProfileBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The profile fields of an update, all of them optional."""

    name: Annotated[str, Meta(examples=["Jane Doe"])] | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET


class NewProfileBody(ProfileBody, kw_only=True):
    """The profile fields of a sign-up, some of them required."""

    name: Annotated[str, Meta(examples=["Jane Doe"])]


def new_profile(body: NewProfileBody) -> NewProfile:
    """Return the profile fields of a sign-up, as keyword arguments for a use case."""
    return cast("NewProfile", _sent(body))


def profile_changes(body: ProfileBody) -> ProfileChanges:
    """Return the profile fields of an update, as keyword arguments for a use case."""
    return cast("ProfileChanges", _sent(body))


def _sent(body: ProfileBody) -> dict[str, Any]:
    fields = {name: getattr(body, name) for name in ProfileBody.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not UNSET and value is not None}
