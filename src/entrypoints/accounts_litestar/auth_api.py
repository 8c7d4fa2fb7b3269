"""Signing up, in and out, and restoring a deactivated account."""

from typing import Annotated, Literal

import msgspec
from litestar import post
from msgspec import Meta

from accounts_core.use_cases.credentials import SignedIn
from accounts_litestar import examples
from accounts_litestar.account_shapes import CurrentUser, current_user
from accounts_litestar.addresses import email_address
from accounts_litestar.answers import Answer
from accounts_litestar.bodies import Nothing, read
from accounts_litestar.endpoints import NO_CONTENT, Endpoints, HttpRequest
from accounts_litestar.openapi import documented


class SignUp(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(examples=["jane@example.org"])]
    password: Annotated[str, Meta(examples=["a long and quiet river"])]
    name: Annotated[str, Meta(examples=["Jane Doe"])]


class Login(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(examples=["jane@example.org"])]
    password: Annotated[str, Meta(examples=["a long and quiet river"])]


class AccessToken(msgspec.Struct, kw_only=True):
    """A token to send as `Authorization: Bearer`; it dies after `expires_in` seconds at the latest."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  a word of RFC 6749, no secret
    expires_in: int


class AuthApi(Endpoints):
    path = "/api/auth"
    tags = ("Sign-up and sign-in",)

    @post(
        "/register",
        **documented("register", "Sign up", body=SignUp, example=examples.NEW_USER, public=True, problems=[409]),
    )
    async def register(self, request: HttpRequest) -> Answer[CurrentUser]:
        wish = await read(request, SignUp)
        user = await self.accounts.register(email=email_address(wish.email), password=wish.password, name=wish.name)
        return Answer(current_user(user))

    @post(
        "/login",
        status_code=200,
        **documented("login", "Sign in", body=Login, public=True, problems=[401, 403, 409]),
    )
    async def login(self, request: HttpRequest) -> Answer[AccessToken]:
        """The right password of a deactivated account gets a problem of type `account-deactivated`."""
        proof = await read(request, Login)
        signed_in = await self.accounts.sign_in(
            email=email_address(proof.email), password=proof.password, user_agent=request.headers.get("user-agent")
        )
        return Answer(_access_token(signed_in))

    @post("/logout", status_code=NO_CONTENT, **documented("logout", "Sign out", body=Nothing))
    async def logout(self, request: HttpRequest) -> Answer[None]:
        """The token is dead at once; other sessions go on."""
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.sign_out(caller.session)
        return Answer(None)

    @post(
        "/restore",
        status_code=200,
        **documented("restore", "Restore a deactivated account", body=Login, public=True, problems=[401, 409]),
    )
    async def restore(self, request: HttpRequest) -> Answer[AccessToken]:
        """The account is as it was, and signed in. On an active account this is a plain login."""
        proof = await read(request, Login)
        signed_in = await self.accounts.restore(
            email=email_address(proof.email), password=proof.password, user_agent=request.headers.get("user-agent")
        )
        return Answer(_access_token(signed_in))


def _access_token(signed_in: SignedIn) -> AccessToken:
    session = signed_in.session
    return AccessToken(
        access_token=signed_in.token, expires_in=int((session.expires_at - session.created_at).total_seconds())
    )
