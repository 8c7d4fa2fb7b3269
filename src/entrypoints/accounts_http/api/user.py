"""The user API: the signed-in user as a resource, and its deletion."""

from typing import Final

from accounts_core.errors import Invalid
from accounts_http import examples
from accounts_http.api.answers import Answer
from accounts_http.api.calls import SignedInCall
from accounts_http.api.endpoints import Endpoints, field_names, taken_is_invalid
from accounts_http.api.routes import IDEMPOTENT, NO_CONTENT, delete, get, post, put
from accounts_http.bodies import value_or_none
from accounts_http.email_addresses import new_email_address
from accounts_http.idempotency import Idempotency
from accounts_http.openapi.declarations import Docs
from accounts_http.schemas.profile import profile_changes
from accounts_http.schemas.profile_data import profile_data, shown_profile, with_profile
from accounts_http.schemas.user import DeleteUser, DeletionData, UpdateUser, UserData, deletion_data, user_data

NEVER_STORED: Final = Idempotency(is_final=lambda _: False)
"""Repeats of a deletion: the user's stored answers and the token are deleted with the user."""


class UserApi(Endpoints):
    path = "/api/v1/user"
    area = "user"
    tags = ("User",)

    @get("/", docs=Docs("getUser", "Retrieve the user", example=examples.USER))
    async def retrieve(self, call: SignedInCall[None]) -> Answer[UserData]:
        user = call.caller.user
        return call.answer(with_profile(user_data(user), shown_profile(call.accounts, user)))

    @put(
        "/",
        body=UpdateUser,
        idempotency=IDEMPOTENT,
        docs=Docs("updateUser", "Update the user", example=examples.USER, problems=(403, 429)),
    )
    async def update(self, call: SignedInCall[UpdateUser]) -> Answer[UserData]:
        """Changing the password or the email address needs `current_password` or a recent sign-in."""
        body, session = call.body, call.caller.session
        new_password = value_or_none(body.password) or None
        if new_password is not None and new_password != body.password_confirmation:
            raise Invalid("password", "password_confirmation is required and must match password.")
        address = value_or_none(body.email)
        with field_names({"new_password": "password"}), taken_is_invalid():
            user = await call.accounts.update_profile(
                call.user_id,
                email=None if address is None else new_email_address(address),
                new_password=new_password,
                current_password=value_or_none(body.current_password),
                signed_in_at=session.created_at,
                keep_session=session.id,
                client=call.client,
                profile=profile_data(body),
                **profile_changes(body),
            )
        return call.answer(with_profile(user_data(user), shown_profile(call.accounts, user)))

    @get(
        "/deletion",
        docs=Docs("previewDeletion", "Preview the deletion of the user", example=examples.DELETION, problems=(409,)),
    )
    async def deletion(self, call: SignedInCall[None]) -> Answer[DeletionData]:
        """Returns counts of the data that would be deleted (`destroyed`) or kept without an author (`disassociated`).

        Includes subscriptions, a balance and other payment methods at the payment provider, if there are any.
        """
        return call.answer(deletion_data(await call.accounts.preview_deletion(call.user_id)))

    @delete("/", body=DeleteUser, idempotency=NEVER_STORED, docs=Docs("deleteUser", "Delete the user", problems=(429,)))
    async def destroy(self, call: SignedInCall[DeleteUser]) -> Answer[None]:
        """Permanently deletes the user and everything they own. Interactions in other accounts stay, without an author.

        Refused while the user has a live subscription at the payment provider, unless the service allows it.
        """
        return await _delete(call)

    @post(
        "/deletion",
        body=DeleteUser,
        status=NO_CONTENT,
        idempotency=NEVER_STORED,
        docs=Docs("requestDeletion", "Delete the user with a POST request", problems=(429,)),
    )
    async def request_deletion(self, call: SignedInCall[DeleteUser]) -> Answer[None]:
        """The same as `DELETE /api/v1/user`, for clients that send no body with a DELETE."""
        return await _delete(call)


async def _delete(call: SignedInCall[DeleteUser]) -> Answer[None]:
    await call.accounts.delete_user(call.user_id, password=call.body.password, client=call.client)
    return Answer(None)
