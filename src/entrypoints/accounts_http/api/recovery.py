"""Verifying an address and resetting a password, with tokens from mails."""

from accounts_core.errors import InvalidToken
from accounts_core.model.ids import UserId
from accounts_http.access_log import note, note_user
from accounts_http.api.answers import Answer
from accounts_http.api.auth import AuthApi
from accounts_http.api.calls import Call, SignedInCall
from accounts_http.api.endpoints import Endpoints, taken_is_invalid
from accounts_http.api.requests import access_token
from accounts_http.api.routes import ACCEPTED, NO_CONTENT, post, public_post
from accounts_http.bodies import NoFields, value_or_none
from accounts_http.email_addresses import noted
from accounts_http.errors import MissingToken
from accounts_http.openapi.declarations import Docs
from accounts_http.schemas.auth import ConfirmedAddress, Forgot, Reset


class RecoveryApi(Endpoints):
    path = AuthApi.path
    area = AuthApi.area
    tags = AuthApi.tags

    @public_post(
        "/verify-email",
        body=ConfirmedAddress,
        status=NO_CONTENT,
        docs=Docs("verifyEmail", "Verify an email address", problems=(403, 409, 429)),
    )
    async def verify_email(self, call: Call[ConfirmedAddress]) -> Answer[None]:
        """Takes the token from the verification email, which works once.

        With the account's own access token, nothing else is needed. Otherwise `password` is required: the account's
        password verifies the address and ends the account's sessions; the password of the sign-up that the email
        belongs to creates that account, replacing an unverified one that another person made with the address.
        """
        note(way_in="mailed token")
        with taken_is_invalid():
            user = await call.accounts.verify_email(
                token=call.body.token,
                password=value_or_none(call.body.password),
                user_id=await _caller_if_any(call),
                client=call.client,
            )
        note_user(user.id)
        return Answer(None)

    @post(
        "/verify-email/resend",
        body=NoFields,
        status=ACCEPTED,
        docs=Docs("resendVerification", "Resend the verification email", problems=(409, 429)),
    )
    async def resend(self, call: SignedInCall[NoFields]) -> Answer[None]:
        await call.accounts.resend_verification(call.user_id, client=call.client)
        return call.answer(None)

    @public_post(
        "/forgot-password",
        body=Forgot,
        status=ACCEPTED,
        docs=Docs("forgotPassword", "Request a password reset email", problems=(409, 429)),
    )
    async def forgot(self, call: Call[Forgot]) -> Answer[None]:
        """The response is the same whether or not the address has an account."""
        await call.accounts.forgot_password(email=noted(call.body.email), client=call.client)
        return Answer(None)

    @public_post(
        "/reset-password",
        body=Reset,
        status=NO_CONTENT,
        docs=Docs("resetPassword", "Reset a password", problems=(409, 429)),
    )
    async def reset(self, call: Call[Reset]) -> Answer[None]:
        """Takes the token from the password reset email. Ends all sessions and invalidates all other emailed tokens."""
        note(way_in="mailed token")
        user = await call.accounts.reset_password(
            token=call.body.token, password=call.body.password, client=call.client
        )
        note_user(user.id)
        return Answer(None)


async def _caller_if_any(call: Call[ConfirmedAddress]) -> UserId | None:
    """Return the id of the signed-in user; None without a valid token. Raises `Malformed`."""
    try:
        return (await call.accounts.authenticate(access_token(call.request))).user.id
    except (MissingToken, InvalidToken):
        return None
