"""The user API: the signed-in user as a resource, and its deletion."""

from litestar import delete, get, post, put

from accounts_core.errors import Invalid
from accounts_litestar import examples
from accounts_litestar.addresses import new_email_address
from accounts_litestar.answers import Answer
from accounts_litestar.bodies import read
from accounts_litestar.endpoints import NO_CONTENT, Endpoints, HttpRequest, client_of, given, spelled, taken_is_invalid
from accounts_litestar.openapi import documented
from accounts_litestar.repeating import repeatable
from accounts_litestar.user_shapes import DeleteUser, DeletionData, UpdateUser, UserData, deletion_data, user_data


class UserApi(Endpoints):
    path = "/api/v1/user"
    tags = ("User",)

    @get("/", **documented("getUser", "Retrieve user", example=examples.USER))
    async def retrieve(self, request: HttpRequest) -> Answer[UserData]:
        caller = await self.caller(request)
        return self.answer(caller, user_data(caller.user))

    @put(
        "/",
        **documented(
            "updateUser", "Update user", keyed=True, body=UpdateUser, example=examples.USER, problems=[403, 429]
        ),
    )
    @repeatable()
    async def update(self, request: HttpRequest) -> Answer[UserData]:
        """A new password, and leaving a verified address, need `current_password` or a recent sign-in."""
        caller = await self.caller(request)
        wish = await read(request, UpdateUser)
        new_password = given(wish.password) or None
        if new_password is not None and new_password != wish.password_confirmation:
            raise Invalid("password", "password_confirmation has to be there, and the same.")
        address = given(wish.email)
        with spelled({"new_password": "password"}), taken_is_invalid():
            user = await self.accounts.update_profile(
                caller.user.id,
                name=given(wish.name),
                email=None if address is None else new_email_address(address),
                new_password=new_password,
                current_password=given(wish.current_password),
                signed_in_at=caller.session.created_at,
                keep_session=caller.session.id,
                client=client_of(request),
            )
        return self.answer(caller, user_data(user))

    @get(
        "/deletion",
        **documented("previewDeletion", "See what deleting would destroy", example=examples.DELETION, problems=[409]),
    )
    async def deletion(self, request: HttpRequest) -> Answer[DeletionData]:
        """Subscriptions, a balance and payment methods that are no cards are named where the user has them.

        What is lost with the user is `destroyed`; what stays without them, `disassociated`.
        """
        caller = await self.caller(request)
        return self.answer(caller, deletion_data(await self.accounts.preview_deletion(caller.user.id)))

    @delete("/", **documented("deleteUser", "Delete user", keyed=True, body=DeleteUser, problems=[429]))
    @repeatable(is_final=lambda _: False)  # with the user goes what was kept for them, and the token
    async def destroy(self, request: HttpRequest) -> Answer[None]:
        """For good, with all the user owns. What they wrote in other people's accounts stays, without an author.

        While a subscription at the payment provider is live it is refused, unless the service is set up otherwise.
        """
        return await self._delete(request)

    @post(
        "/deletion",
        status_code=NO_CONTENT,
        **documented(
            "requestDeletion", "Delete user, with a body in a POST", keyed=True, body=DeleteUser, problems=[429]
        ),
    )
    @repeatable(is_final=lambda _: False)
    async def request_deletion(self, request: HttpRequest) -> Answer[None]:
        """The same as `DELETE /api/v1/user`, for clients that send no body with a DELETE."""
        return await self._delete(request)

    async def _delete(self, request: HttpRequest) -> Answer[None]:
        caller = await self.caller(request)
        confirmation = await read(request, DeleteUser)
        await self.accounts.delete_user(caller.user.id, password=confirmation.password, client=client_of(request))
        return Answer(None)
