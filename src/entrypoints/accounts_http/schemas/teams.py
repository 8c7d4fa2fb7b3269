"""Teams, which the user API calls accounts."""

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from accounts_core.model.team import InteractionView, InvitationView, Member, Person, TeamView
from accounts_http.times import seconds


class AccountObject(msgspec.Struct):
    """An account as the signed-in user sees it; `role` is `owner` or `member`."""

    id: int
    name: str
    role: str
    created_at: str


class MemberObject(msgspec.Struct):
    id: int
    name: str
    role: str


class PersonObject(msgspec.Struct):
    id: int
    name: str


class InvitingAccountObject(msgspec.Struct):
    id: int
    name: str


class InvitationObject(msgspec.Struct):
    """An invitation of the signed-in user's verified address. `invited_by` is null if that user was deleted."""

    id: str
    account: InvitingAccountObject
    invited_by: PersonObject | None
    created_at: str


class SentInvitationObject(msgspec.Struct):
    """An open invitation to an account, as its owner sees it."""

    id: str
    email: str
    invited_by: PersonObject | None
    created_at: str
    expires_at: str


class InteractionObject(msgspec.Struct):
    """An interaction in an account. `author` is null if that user was deleted."""

    id: str
    body: str
    author: PersonObject | None
    created_at: str


class AccountData(msgspec.Struct):
    data: AccountObject


class AccountList(msgspec.Struct):
    data: list[AccountObject]


class MemberList(msgspec.Struct):
    data: list[MemberObject]


class InvitationList(msgspec.Struct):
    data: list[InvitationObject]


class SentInvitationList(msgspec.Struct):
    data: list[SentInvitationObject]


class InteractionData(msgspec.Struct):
    data: InteractionObject


class InteractionList(msgspec.Struct):
    data: list[InteractionObject]


class CreateAccount(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(examples=["Dev team"])]


class RenameAccount(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(examples=["Product team"])]


class HandOverAccount(msgspec.Struct, forbid_unknown_fields=True):
    """The member who becomes the owner."""

    user_id: Annotated[int, Meta(ge=1, le=2**63 - 1, examples=[2])]


class Invite(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(examples=["john.doe@mail.com"])]


class WriteInteraction(msgspec.Struct, forbid_unknown_fields=True):
    body: Annotated[str, Meta(examples=["Shall we meet on Monday?"])]


def account_object(view: TeamView) -> AccountObject:
    return AccountObject(view.team.id, view.team.name, view.role.value, seconds(view.team.created_at))


def member_object(member: Member) -> MemberObject:
    return MemberObject(member.person.id, member.person.name, member.role.value)


def invitation_object(view: InvitationView) -> InvitationObject:
    return InvitationObject(
        id=view.invitation.id,
        account=InvitingAccountObject(view.invitation.team_id, view.team_name),
        invited_by=_person(view.invited_by),
        created_at=seconds(view.invitation.created_at),
    )


def sent_invitation_object(view: InvitationView, *, lifetime: timedelta) -> SentInvitationObject:
    return SentInvitationObject(
        id=view.invitation.id,
        email=view.invitation.email.address,
        invited_by=_person(view.invited_by),
        created_at=seconds(view.invitation.created_at),
        expires_at=seconds(view.invitation.sent_at + lifetime),
    )


def interaction_object(view: InteractionView) -> InteractionObject:
    interaction = view.interaction
    return InteractionObject(interaction.id, interaction.body, _person(view.author), seconds(interaction.created_at))


def _person(person: Person | None) -> PersonObject | None:
    return None if person is None else PersonObject(person.id, person.name)
