"""The user API: snake_case, in an envelope. Each envelope is a class, which gives it a name in the OpenAPI document."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.user import User
from accounts_http.schemas.profile import ProfileBody
from accounts_http.times import seconds


class UserObject(msgspec.Struct):
    """A user. `pending_email` is present until a new email address is verified.

    `locale` and `time_zone` are present once the user has set them.
    """

    id: int
    name: str
    initials: str
    is_me: bool
    email: str
    email_verified_at: str | None
    created_at: str
    updated_at: str
    locale: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    pending_email: str | UnsetType = UNSET


class UserData(msgspec.Struct):
    data: UserObject


class UpdateUser(ProfileBody, kw_only=True):
    """The fields to change; a field that is left out stays as it is. An empty password is ignored."""

    email: Annotated[str, Meta(examples=["janedoe@example.org"])] | UnsetType = UNSET
    password: Annotated[str, Meta(description="The new password.")] | UnsetType = UNSET
    password_confirmation: Annotated[str, Meta(description="The new password again.")] | UnsetType = UNSET
    current_password: (
        Annotated[str, Meta(description="The current password, needed if the sign-in is not recent.")] | UnsetType
    ) = UNSET


class DeleteUser(msgspec.Struct, forbid_unknown_fields=True):
    """The user's current password."""

    password: str


class DeletionObject(msgspec.Struct):
    """Counts by name of the data that is deleted, or kept without an author. `blocked_by` prevents the deletion."""

    destroyed: dict[str, int]
    disassociated: dict[str, int]
    blocked_by: list[str]


class DeletionData(msgspec.Struct):
    data: DeletionObject


def user_data(user: User) -> UserData:
    return UserData(
        UserObject(
            id=user.id,
            name=user.name,
            initials=user.initials,
            is_me=True,
            email=user.email.address,
            email_verified_at=None if user.email_verified_at is None else seconds(user.email_verified_at),
            created_at=seconds(user.created_at),
            updated_at=seconds(user.updated_at),
            locale=user.locale or UNSET,
            time_zone=user.time_zone or UNSET,
            pending_email=UNSET if user.pending_email is None else user.pending_email.address,
        )
    )


def deletion_data(preview: DeletionPreview) -> DeletionData:
    return DeletionData(
        DeletionObject(
            destroyed=dict(preview.destroyed),
            disassociated=dict(preview.disassociated),
            blocked_by=list(preview.blocked_by),
        )
    )
