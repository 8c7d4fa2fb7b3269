"""Teams, which the user API calls accounts: the team, its members and its interactions."""

from accounts_core.model.ids import UserId
from accounts_http.api.answers import Answer
from accounts_http.api.calls import ListCall, SignedInCall
from accounts_http.api.endpoints import Endpoints
from accounts_http.api.routes import IDEMPOTENT, NO_CONTENT, delete, get, get_list, post, put
from accounts_http.bodies import NoFields
from accounts_http.openapi.declarations import Docs
from accounts_http.openapi.links import into, into_account
from accounts_http.parameters import member_id, team_id
from accounts_http.schemas.teams import (
    AccountData,
    AccountList,
    CreateAccount,
    HandOverAccount,
    InteractionData,
    InteractionList,
    MemberList,
    RenameAccount,
    WriteInteraction,
    account_object,
    interaction_object,
    member_object,
)


class TeamsApi(Endpoints):
    path = "/api/v1/accounts"
    area = "teams"
    tags = ("Teams",)

    @post(
        "/",
        body=CreateAccount,
        idempotency=IDEMPOTENT,
        docs=Docs("createAccount", "Create an account", links=into_account("$response.body#/data/id")),
    )
    async def create(self, call: SignedInCall[CreateAccount]) -> Answer[AccountData]:
        view = await call.accounts.create_team(call.user_id, name=call.body.name)
        return call.answer(AccountData(account_object(view)))

    @get_list(
        "/",
        docs=Docs(
            "listAccounts",
            "List your accounts",
            links=into_account("$response.body#/data/0/id"),
        ),
    )
    async def index(self, call: ListCall) -> Answer[AccountList]:
        page = await call.accounts.list_teams(call.user_id, limit=call.page.limit, before=call.page.before)
        return call.answer_page(AccountList([account_object(view) for view in page]), page)

    @get("/{id}", docs=Docs("getAccount", "Retrieve an account", problems=(404,)))
    async def retrieve(self, call: SignedInCall[None]) -> Answer[AccountData]:
        view = await call.accounts.get_team(call.user_id, team_id(call.path["id"]))
        return call.answer(AccountData(account_object(view)))

    @put(
        "/{id}",
        body=RenameAccount,
        idempotency=IDEMPOTENT,
        docs=Docs("renameAccount", "Rename an account", problems=(403, 404)),
    )
    async def rename(self, call: SignedInCall[RenameAccount]) -> Answer[AccountData]:
        """Only the owner can do this."""
        view = await call.accounts.rename_team(call.user_id, team_id(call.path["id"]), name=call.body.name)
        return call.answer(AccountData(account_object(view)))

    @delete(
        "/{id}",
        body=NoFields,
        idempotency=IDEMPOTENT,
        docs=Docs("deleteAccount", "Delete an account", problems=(403, 404)),
    )
    async def destroy(self, call: SignedInCall[NoFields]) -> Answer[None]:
        """Only the owner can do this."""
        await call.accounts.delete_team(call.user_id, team_id(call.path["id"]))
        return call.answer(None)

    @put(
        "/{id}/owner",
        body=HandOverAccount,
        status=NO_CONTENT,
        idempotency=IDEMPOTENT,
        docs=Docs("handOverAccount", "Transfer an account to a member", problems=(403, 404)),
    )
    async def hand_over(self, call: SignedInCall[HandOverAccount]) -> Answer[None]:
        """Only the owner can do this, and becomes a member. Open invitations are revoked."""
        await call.accounts.hand_over_team(call.user_id, team_id(call.path["id"]), to=UserId(call.body.user_id))
        return call.answer(None)

    @get_list(
        "/{id}/members",
        docs=Docs(
            "listMembers",
            "List an account's members",
            links={
                **into("removeMember", id="$request.path.id", user_id="$response.body#/data/0/id"),
                **into("handOverAccount", id="$request.path.id", body={"user_id": "$response.body#/data/0/id"}),
            },
            problems=(404,),
        ),
    )
    async def members(self, call: ListCall) -> Answer[MemberList]:
        page = await call.accounts.list_team_members(
            call.user_id, team_id(call.path["id"]), limit=call.page.limit, before=call.page.before
        )
        return call.answer_page(MemberList([member_object(member) for member in page]), page)

    @delete(
        "/{id}/members/{user_id}",
        body=NoFields,
        idempotency=IDEMPOTENT,
        docs=Docs("removeMember", "Remove a member or leave an account", problems=(403, 404)),
    )
    async def remove_member(self, call: SignedInCall[NoFields]) -> Answer[None]:
        """The owner can remove every other member; a member can remove themself. Their interactions stay."""
        await call.accounts.remove_team_member(
            call.user_id, team_id(call.path["id"]), member_id=member_id(call.path["user_id"])
        )
        return call.answer(None)

    @get_list("/{id}/interactions", docs=Docs("listInteractions", "List an account's interactions", problems=(404,)))
    async def interactions(self, call: ListCall) -> Answer[InteractionList]:
        """A page has at most 100,000 characters of text; the `Link` header leads to the rest."""
        page = await call.accounts.list_interactions(
            call.user_id, team_id(call.path["id"]), limit=call.page.limit, before=call.page.before
        )
        return call.answer_page(InteractionList([interaction_object(view) for view in page]), page)

    @post(
        "/{id}/interactions",
        body=WriteInteraction,
        idempotency=IDEMPOTENT,
        docs=Docs(
            "writeInteraction",
            "Create an interaction",
            links=into("listInteractions", id="$request.path.id"),
            problems=(404,),
        ),
    )
    async def write(self, call: SignedInCall[WriteInteraction]) -> Answer[InteractionData]:
        view = await call.accounts.write_interaction(call.user_id, team_id(call.path["id"]), body=call.body.body)
        return call.answer(InteractionData(interaction_object(view)))
