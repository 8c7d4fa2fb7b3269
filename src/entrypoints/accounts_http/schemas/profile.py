"""The profile fields that a person writes about themself: at sign-up, and in the updates of both APIs.

A new field is added to `ProfileBody` and `ProfileFields`; the bodies inherit it, and the handlers pass it on. Inherited
fields are not renamed by msgspec: one with several words is declared again in the account API's `ChangeUser`.
"""

from typing import Annotated, TypedDict, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType


class ProfileBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The profile fields of an update, all of them optional."""

    name: Annotated[str, Meta(examples=["Jane Doe"])] | UnsetType = UNSET


class NewProfileBody(ProfileBody, kw_only=True):
    """The profile fields of a sign-up, some of them required."""

    name: Annotated[str, Meta(examples=["Jane Doe"])]


class ProfileFields(TypedDict, total=False):
    """The profile fields as the use cases take them."""

    name: str


def profile_fields(body: ProfileBody) -> ProfileFields:
    """Return the profile fields that were sent, as keyword arguments for a use case."""
    sent = {name: getattr(body, name) for name in ProfileBody.__struct_fields__}
    return cast("ProfileFields", {name: value for name, value in sent.items() if value is not UNSET})
