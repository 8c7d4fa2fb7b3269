"""Sign-up, sign-in, sessions and recovery."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts_core.model.session import Session
from accounts_core.results import SignInResult
from accounts_http.schemas.profile import NewProfileBody
from accounts_http.times import seconds


class SignUp(NewProfileBody):
    email: Annotated[str, Meta(examples=["jane@example.org"])]
    password: Annotated[str, Meta(examples=["a long and quiet river"])]


class Login(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(examples=["jane@example.org"])]
    password: Annotated[str, Meta(examples=["a long and quiet river"])]


class PasswordForm(msgspec.Struct, kw_only=True):
    """The form of OAuth 2.0's password grant (RFC 6749, 4.3.2). Scope and client are ignored, as all other fields."""

    grant_type: Literal["password"] | UnsetType = UNSET
    email: Annotated[str, Meta(description="The email address.", examples=["jane@example.org"])] = msgspec.field(
        name="username"
    )
    password: Annotated[str, Meta(examples=["a long and quiet river"])]
    scope: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: str | UnsetType = UNSET


class Proof(msgspec.Struct, forbid_unknown_fields=True):
    """The current password, needed if the sign-in is not recent."""

    current_password: str | UnsetType = UNSET


class ConfirmedAddress(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[str, Meta(max_length=255, examples=["acm_..."])]
    password: Annotated[str, Meta(examples=["a long and quiet river"])] | UnsetType = UNSET


class Forgot(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(examples=["jane@example.org"])]


class Reset(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[str, Meta(max_length=255, examples=["acm_..."])]
    password: Annotated[str, Meta(examples=["another long and quiet river"])]


class SessionItem(msgspec.Struct, kw_only=True):
    """One sign-in on one device; `last_used_at` may lag by some minutes."""

    id: str
    user_agent: str | None
    created_at: str
    last_used_at: str
    expires_at: str
    is_current: bool


class AccessToken(msgspec.Struct, kw_only=True):
    """A token to send as `Authorization: Bearer`; it expires after `expires_in` seconds at the latest."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  a word of RFC 6749, no secret
    expires_in: int


def session_item(session: Session, *, current: str) -> SessionItem:
    """Return a session as its user sees it; `current` is the id of the session that asks."""
    return SessionItem(
        id=session.id,
        user_agent=session.user_agent,
        created_at=seconds(session.created_at),
        last_used_at=seconds(session.last_used_at),
        expires_at=seconds(session.expires_at),
        is_current=session.id == current,
    )


def access_token(signed_in: SignInResult) -> AccessToken:
    """Return the response to a sign-in."""
    lifetime = signed_in.session.expires_at - signed_in.session.created_at
    return AccessToken(access_token=signed_in.token, expires_in=int(lifetime.total_seconds()))
