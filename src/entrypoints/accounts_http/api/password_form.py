"""Signing in with the form of OAuth 2.0, for documentation pages and other tools that know no other way."""

from typing import Final

from accounts_http.access_log import note, note_user
from accounts_http.api.answers import Answer
from accounts_http.api.auth import AuthApi
from accounts_http.api.calls import Call
from accounts_http.api.endpoints import Endpoints, field_names
from accounts_http.api.routes import public_post
from accounts_http.email_addresses import noted
from accounts_http.mounting import prefix
from accounts_http.openapi.declarations import Docs
from accounts_http.schemas.auth import AccessToken, PasswordForm, access_token

_PATH: Final = "/token"


class PasswordFormApi(Endpoints):
    path = AuthApi.path
    area = AuthApi.area
    tags = AuthApi.tags

    @public_post(
        _PATH,
        body=PasswordForm,
        status=200,
        docs=Docs("requestToken", "Sign in with the password form of OAuth 2.0", problems=(401, 403, 409, 429)),
    )
    async def token(self, call: Call[PasswordForm]) -> Answer[AccessToken]:
        """The same as `POST /api/auth/login`, for tools that send the form of RFC 6749, 4.3.

        `username` is the email address. What identifies the client is ignored.
        """
        note(way_in="password")
        with field_names({"email": "username"}):
            signed_in = await call.accounts.sign_in(
                email=noted(call.body.email), password=call.body.password, **call.origin
            )
        note_user(signed_in.user.id)
        return Answer(access_token(signed_in), headers={"pragma": "no-cache"})


def token_url(path: str) -> str:
    """Return the address of the call for `HttpOptions.path`: relative, so that it is right below any other prefix."""
    return (prefix(path) + PasswordFormApi.path + _PATH).lstrip("/")
