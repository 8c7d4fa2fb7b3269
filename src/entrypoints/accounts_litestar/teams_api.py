"""Teams, which the user API calls accounts: who is in one, who is invited, what is written there."""

from litestar import delete, get, post, put

from accounts_core.model.ids import UserId
from accounts_core.model.paging import DEFAULT_PAGE
from accounts_litestar.addresses import new_email_address
from accounts_litestar.answers import Answer
from accounts_litestar.bodies import Nothing, read
from accounts_litestar.endpoints import ACCEPTED, NO_CONTENT, Endpoints, HttpRequest
from accounts_litestar.links import into, into_account
from accounts_litestar.openapi import documented
from accounts_litestar.parameters import member_id, next_link, page_query, team_id, text_id
from accounts_litestar.repeating import repeatable
from accounts_litestar.team_shapes import (
    AccountData,
    AccountList,
    CreateAccount,
    HandOverAccount,
    InteractionData,
    InteractionList,
    InvitationList,
    Invite,
    MemberList,
    RenameAccount,
    SentInvitationList,
    WriteInteraction,
    account_object,
    interaction_object,
    invitation_object,
    member_object,
    sent_invitation_object,
)


class TeamsApi(Endpoints):
    path = "/api/v1/accounts"
    tags = ("Accounts of the user API",)

    @post(
        "/",
        **documented(
            "createAccount",
            "Create an account",
            keyed=True,
            body=CreateAccount,
            links=into_account("$response.body#/data/id"),
        ),
    )
    @repeatable()
    async def create(self, request: HttpRequest) -> Answer[AccountData]:
        caller = await self.caller(request)
        wish = await read(request, CreateAccount)
        view = await self.accounts.create_team(caller.user.id, name=wish.name)
        return self.answer(caller, AccountData(account_object(view)))

    @get(
        "/",
        **documented(
            "listAccounts",
            "List the accounts one owns or is a member of",
            paged=DEFAULT_PAGE,
            links=into_account("$response.body#/data/0/id"),
        ),
    )
    async def index(self, request: HttpRequest) -> Answer[AccountList]:
        caller = await self.caller(request)
        query = page_query(request)
        reader = await self.accounts.list_teams(caller.user.id, limit=query.limit, before=query.before)
        found = AccountList([account_object(view) for view in reader])
        return self.answer(caller, found, headers=next_link(request, query, reader))

    @get("/{id:str}", **documented("getAccount", "Retrieve an account", problems=[404]))
    async def retrieve(self, request: HttpRequest) -> Answer[AccountData]:
        caller = await self.caller(request)
        view = await self.accounts.get_team(caller.user.id, team_id(request))
        return self.answer(caller, AccountData(account_object(view)))

    @put(
        "/{id:str}",
        **documented("renameAccount", "Rename an account", keyed=True, body=RenameAccount, problems=[403, 404]),
    )
    @repeatable()
    async def rename(self, request: HttpRequest) -> Answer[AccountData]:
        """For its owner alone."""
        caller = await self.caller(request)
        wish = await read(request, RenameAccount)
        view = await self.accounts.rename_team(caller.user.id, team_id(request), name=wish.name)
        return self.answer(caller, AccountData(account_object(view)))

    @delete(
        "/{id:str}",
        **documented("deleteAccount", "Delete an account and all in it", keyed=True, body=Nothing, problems=[403, 404]),
    )
    @repeatable()
    async def destroy(self, request: HttpRequest) -> Answer[None]:
        """For its owner alone."""
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.delete_team(caller.user.id, team_id(request))
        return self.answer(caller, None)

    @put(
        "/{id:str}/owner",
        status_code=NO_CONTENT,
        **documented(
            "handOverAccount", "Make a member the owner", keyed=True, body=HandOverAccount, problems=[403, 404]
        ),
    )
    @repeatable()
    async def hand_over(self, request: HttpRequest) -> Answer[None]:
        """For its owner alone, who stays as a member. Open invitations end."""
        caller = await self.caller(request)
        wish = await read(request, HandOverAccount)
        await self.accounts.hand_over_team(caller.user.id, team_id(request), to=UserId(wish.user_id))
        return self.answer(caller, None)

    @get(
        "/{id:str}/members",
        **documented(
            "listMembers",
            "List members",
            paged=DEFAULT_PAGE,
            links={
                **into("removeMember", id="$request.path.id", user_id="$response.body#/data/0/id"),
                **into("handOverAccount", id="$request.path.id", body={"user_id": "$response.body#/data/0/id"}),
            },
            problems=[404],
        ),
    )
    async def members(self, request: HttpRequest) -> Answer[MemberList]:
        caller = await self.caller(request)
        query = page_query(request)
        members = await self.accounts.list_team_members(
            caller.user.id, team_id(request), limit=query.limit, before=query.before
        )
        found = MemberList([member_object(member) for member in members])
        return self.answer(caller, found, headers=next_link(request, query, members))

    @delete(
        "/{id:str}/members/{user_id:str}",
        **documented("removeMember", "Remove a member, or leave", keyed=True, body=Nothing, problems=[403, 404]),
    )
    @repeatable()
    async def remove_member(self, request: HttpRequest) -> Answer[None]:
        """The owner removes anyone but themself; a member leaves. What they wrote stays."""
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.remove_team_member(caller.user.id, team_id(request), member_id=member_id(request))
        return self.answer(caller, None)

    @post(
        "/{id:str}/invitations",
        status_code=ACCEPTED,
        **documented("invite", "Invite an address", keyed=True, body=Invite, problems=[403, 404, 429]),
    )
    @repeatable()
    async def invite(self, request: HttpRequest) -> Answer[None]:
        """For its owner alone. The answer does not say whether the address has a user.

        An address that is invited already gets the mail again, a limited number of times.
        """
        caller = await self.caller(request)
        wish = await read(request, Invite)
        await self.accounts.invite_to_team(caller.user.id, team_id(request), email=new_email_address(wish.email))
        return self.answer(caller, None)

    @get(
        "/{id:str}/invitations",
        **documented(
            "listAccountInvitations",
            "List an account's open invitations",
            paged=DEFAULT_PAGE,
            links=into(
                "resendInvitation",
                "revokeInvitation",
                id="$request.path.id",
                invitation_id="$response.body#/data/0/id",
            ),
            problems=[403, 404],
        ),
    )
    async def invitations(self, request: HttpRequest) -> Answer[SentInvitationList]:
        """For its owner alone."""
        caller = await self.caller(request)
        query = page_query(request)
        page = await self.accounts.list_team_invitations(
            caller.user.id, team_id(request), limit=query.limit, before=query.before
        )
        lifetime = self.accounts.policy.invitations
        found = SentInvitationList([sent_invitation_object(view, lifetime=lifetime) for view in page])
        return self.answer(caller, found, headers=next_link(request, query, page))

    @post(
        "/{id:str}/invitations/{invitation_id:str}/resend",
        status_code=ACCEPTED,
        **documented("resendInvitation", "Resend an invitation", keyed=True, body=Nothing, problems=[403, 404, 429]),
    )
    @repeatable()
    async def resend(self, request: HttpRequest) -> Answer[None]:
        """For its owner alone. The invitation expires later then."""
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.resend_invitation(
            caller.user.id, team_id(request), text_id(request, "invitation", "invitation_id")
        )
        return self.answer(caller, None)

    @delete(
        "/{id:str}/invitations/{invitation_id:str}",
        **documented("revokeInvitation", "Revoke an invitation", keyed=True, body=Nothing, problems=[403, 404]),
    )
    @repeatable()
    async def revoke(self, request: HttpRequest) -> Answer[None]:
        """For its owner alone."""
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.revoke_invitation(
            caller.user.id, team_id(request), text_id(request, "invitation", "invitation_id")
        )
        return self.answer(caller, None)

    @get(
        "/{id:str}/interactions",
        **documented("listInteractions", "List interactions", paged=DEFAULT_PAGE, problems=[404]),
    )
    async def interactions(self, request: HttpRequest) -> Answer[InteractionList]:
        """A page ends early, with a `Link` to the next one, before it holds more than 100,000 characters of text."""
        caller = await self.caller(request)
        query = page_query(request)
        reader = await self.accounts.list_interactions(
            caller.user.id, team_id(request), limit=query.limit, before=query.before
        )
        found = InteractionList([interaction_object(view) for view in reader])
        return self.answer(caller, found, headers=next_link(request, query, reader))

    @post(
        "/{id:str}/interactions",
        **documented(
            "writeInteraction",
            "Write an interaction",
            keyed=True,
            body=WriteInteraction,
            links=into("listInteractions", id="$request.path.id"),
            problems=[404],
        ),
    )
    @repeatable()
    async def write(self, request: HttpRequest) -> Answer[InteractionData]:
        caller = await self.caller(request)
        wish = await read(request, WriteInteraction)
        view = await self.accounts.write_interaction(caller.user.id, team_id(request), body=wish.body)
        return self.answer(caller, InteractionData(interaction_object(view)))


class InvitationsApi(Endpoints):
    path = "/api/v1/user/invitations"
    tags = ("Accounts of the user API",)

    @get(
        "/",
        **documented(
            "listInvitations",
            "List one's invitations",
            paged=DEFAULT_PAGE,
            links=into("acceptInvitation", "declineInvitation", id="$response.body#/data/0/id"),
        ),
    )
    async def index(self, request: HttpRequest) -> Answer[InvitationList]:
        """Those of the user's verified address."""
        caller = await self.caller(request)
        query = page_query(request)
        reader = await self.accounts.list_invitations(caller.user.id, limit=query.limit, before=query.before)
        found = InvitationList([invitation_object(view) for view in reader])
        return self.answer(caller, found, headers=next_link(request, query, reader))

    @post(
        "/{id:str}/accept",
        status_code=NO_CONTENT,
        **documented("acceptInvitation", "Accept an invitation", keyed=True, body=Nothing, problems=[404]),
    )
    @repeatable()
    async def accept(self, request: HttpRequest) -> Answer[None]:
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.accept_invitation(caller.user.id, text_id(request, "invitation"))
        return self.answer(caller, None)

    @post(
        "/{id:str}/decline",
        status_code=NO_CONTENT,
        **documented("declineInvitation", "Decline an invitation", keyed=True, body=Nothing, problems=[404]),
    )
    @repeatable()
    async def decline(self, request: HttpRequest) -> Answer[None]:
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.decline_invitation(caller.user.id, text_id(request, "invitation"))
        return self.answer(caller, None)
