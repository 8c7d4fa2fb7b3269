"""Verifying an address and resetting a password, with tokens from mails."""

from accounts_core.errors import InvalidToken
from accounts_core.model.ids import UserId
from accounts_http.access_log import asked_by, note
from accounts_http.bodies import NoFields, value_or_none
from accounts_http.email_addresses import noted
from accounts_http.errors import MissingToken
from accounts_http.schemas.auth import ConfirmedAddress, Forgot, Reset
from accounts_litestar.api.auth import AuthApi
from accounts_litestar.api.calls import Call, SignedInCall
from accounts_litestar.api.endpoints import Endpoints, taken_is_invalid
from accounts_litestar.api.routes import ACCEPTED, NO_CONTENT, post, public_post
from accounts_litestar.documentation.declarations import Docs
from accounts_litestar.edge.answers import Answer
from accounts_litestar.edge.reading import access_token


class RecoveryApi(Endpoints):
    path = AuthApi.path
    tags = AuthApi.tags

    @public_post(
        "/verify-email",
        body=ConfirmedAddress,
        status=NO_CONTENT,
        docs=Docs("verifyEmail", "Verify an email address with the token from its mail", problems=(403, 409, 429)),
    )
    async def verify_email(self, call: Call[ConfirmedAddress]) -> Answer[None]:
        """A token works once. Under the account's own access token nothing else is needed.

        Without it, `password` is: the account's password verifies the address and ends the account's sessions; the
        password of the sign-up that the link belongs to opens that account, in place of an unverified one that somebody
        else made with the address.
        """
        note(way_in="mailed token")
        with taken_is_invalid():
            user = await call.accounts.confirm_email(
                token=call.body.token,
                password=value_or_none(call.body.password),
                user_id=await _caller_if_any(call),
                client=call.client,
            )
        asked_by(user.id)
        return Answer(None)

    @post(
        "/verify-email/resend",
        body=NoFields,
        status=ACCEPTED,
        docs=Docs("resendVerification", "Have the mail to verify one's address sent again", problems=(409, 429)),
    )
    async def resend(self, call: SignedInCall[NoFields]) -> Answer[None]:
        await call.accounts.resend_verification(call.user_id, client=call.client)
        return call.answer(None)

    @public_post(
        "/forgot-password",
        body=Forgot,
        status=ACCEPTED,
        docs=Docs("forgotPassword", "Ask for a mail to choose a new password with", problems=(409, 429)),
    )
    async def forgot(self, call: Call[Forgot]) -> Answer[None]:
        """The answer is the same whether or not the address has an account."""
        await call.accounts.forgot_password(email=noted(call.body.email), client=call.client)
        return Answer(None)

    @public_post(
        "/reset-password",
        body=Reset,
        status=NO_CONTENT,
        docs=Docs("resetPassword", "Choose a new password with the token from a mail", problems=(409, 429)),
    )
    async def reset(self, call: Call[Reset]) -> Answer[None]:
        """Every session ends, and every other mailed token dies."""
        note(way_in="mailed token")
        user = await call.accounts.reset_password(
            token=call.body.token, password=call.body.password, client=call.client
        )
        asked_by(user.id)
        return Answer(None)


async def _caller_if_any(call: Call[ConfirmedAddress]) -> UserId | None:
    """Return the id of the signed-in user; None without a valid token. Raises `Malformed`."""
    try:
        return (await call.accounts.authenticate(access_token(call.request))).user.id
    except (MissingToken, InvalidToken):
        return None
