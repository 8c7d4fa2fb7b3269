"""Invitations to teams: those that an owner sent, and those that the signed-in user received."""

from accounts_http.api.answers import Answer
from accounts_http.api.calls import ListCall, SignedInCall
from accounts_http.api.endpoints import Endpoints
from accounts_http.api.routes import ACCEPTED, IDEMPOTENT, NO_CONTENT, delete, get_list, post
from accounts_http.api.teams import TeamsApi
from accounts_http.bodies import NoFields
from accounts_http.email_addresses import new_email_address
from accounts_http.openapi.declarations import Docs
from accounts_http.openapi.links import into
from accounts_http.parameters import team_id, text_id
from accounts_http.schemas.teams import (
    InvitationList,
    Invite,
    SentInvitationList,
    invitation_object,
    sent_invitation_object,
)


class SentInvitationsApi(Endpoints):
    path = TeamsApi.path
    area = TeamsApi.area
    tags = TeamsApi.tags

    @post(
        "/{id}/invitations",
        body=Invite,
        status=ACCEPTED,
        idempotency=IDEMPOTENT,
        docs=Docs("invite", "Invite a person to an account", problems=(403, 404, 429)),
    )
    async def invite(self, call: SignedInCall[Invite]) -> Answer[None]:
        """Only the owner can do this. The response does not reveal whether the address has a user.

        If the address is already invited, the email is sent again, a limited number of times.
        """
        await call.accounts.invite_to_team(
            call.user_id, team_id(call.path["id"]), email=new_email_address(call.body.email)
        )
        return call.answer(None)

    @get_list(
        "/{id}/invitations",
        docs=Docs(
            "listAccountInvitations",
            "List an account's open invitations",
            links=into(
                "resendInvitation",
                "revokeInvitation",
                id="$request.path.id",
                invitation_id="$response.body#/data/0/id",
            ),
            problems=(403, 404),
        ),
    )
    async def invitations(self, call: ListCall) -> Answer[SentInvitationList]:
        """Only the owner can do this."""
        page = await call.accounts.list_team_invitations(
            call.user_id, team_id(call.path["id"]), limit=call.page.limit, before=call.page.before
        )
        lifetime = call.accounts.policy.invitations
        return call.answer_page(
            SentInvitationList([sent_invitation_object(view, lifetime=lifetime) for view in page]), page
        )

    @post(
        "/{id}/invitations/{invitation_id}/resend",
        body=NoFields,
        status=ACCEPTED,
        idempotency=IDEMPOTENT,
        docs=Docs("resendInvitation", "Resend an invitation", problems=(403, 404, 429)),
    )
    async def resend(self, call: SignedInCall[NoFields]) -> Answer[None]:
        """Only the owner can do this. It extends the invitation's expiry."""
        await call.accounts.resend_invitation(
            call.user_id, team_id(call.path["id"]), text_id(call.path["invitation_id"], "invitation")
        )
        return call.answer(None)

    @delete(
        "/{id}/invitations/{invitation_id}",
        body=NoFields,
        idempotency=IDEMPOTENT,
        docs=Docs("revokeInvitation", "Revoke an invitation", problems=(403, 404)),
    )
    async def revoke(self, call: SignedInCall[NoFields]) -> Answer[None]:
        """Only the owner can do this."""
        await call.accounts.revoke_invitation(
            call.user_id, team_id(call.path["id"]), text_id(call.path["invitation_id"], "invitation")
        )
        return call.answer(None)


class InvitationsApi(Endpoints):
    path = "/api/v1/user/invitations"
    area = TeamsApi.area
    tags = TeamsApi.tags

    @get_list(
        "/",
        docs=Docs(
            "listInvitations",
            "List your invitations",
            links=into("acceptInvitation", "declineInvitation", id="$response.body#/data/0/id"),
        ),
    )
    async def index(self, call: ListCall) -> Answer[InvitationList]:
        """Returns the open invitations for your verified email address."""
        page = await call.accounts.list_invitations(call.user_id, limit=call.page.limit, before=call.page.before)
        return call.answer_page(InvitationList([invitation_object(view) for view in page]), page)

    @post(
        "/{id}/accept",
        body=NoFields,
        status=NO_CONTENT,
        idempotency=IDEMPOTENT,
        docs=Docs("acceptInvitation", "Accept an invitation", problems=(404,)),
    )
    async def accept(self, call: SignedInCall[NoFields]) -> Answer[None]:
        await call.accounts.accept_invitation(call.user_id, text_id(call.path["id"], "invitation"))
        return call.answer(None)

    @post(
        "/{id}/decline",
        body=NoFields,
        status=NO_CONTENT,
        idempotency=IDEMPOTENT,
        docs=Docs("declineInvitation", "Decline an invitation", problems=(404,)),
    )
    async def decline(self, call: SignedInCall[NoFields]) -> Answer[None]:
        await call.accounts.decline_invitation(call.user_id, text_id(call.path["id"], "invitation"))
        return call.answer(None)
