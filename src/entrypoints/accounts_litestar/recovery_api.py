"""Verifying an address and choosing a forgotten password, by mail."""

from typing import Annotated

import msgspec
from litestar import post
from msgspec import UNSET, Meta, UnsetType

from accounts_litestar.addresses import noted
from accounts_litestar.answers import Answer
from accounts_litestar.auth_api import AuthApi
from accounts_litestar.bodies import Nothing, read
from accounts_litestar.endpoints import (
    ACCEPTED,
    NO_CONTENT,
    Endpoints,
    HttpRequest,
    client_of,
    given,
    taken_is_invalid,
)
from accounts_litestar.openapi import documented
from accounts_litestar.requests import asked_by, note


class ConfirmedAddress(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[str, Meta(max_length=255, examples=["acm_..."])]
    password: Annotated[str, Meta(examples=["a long and quiet river"])] | UnsetType = UNSET


class Forgot(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(examples=["jane@example.org"])]


class Reset(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[str, Meta(max_length=255, examples=["acm_..."])]
    password: Annotated[str, Meta(examples=["another long and quiet river"])]


class RecoveryApi(Endpoints):
    path = AuthApi.path
    tags = AuthApi.tags

    @post(
        "/verify-email",
        status_code=NO_CONTENT,
        **documented(
            "verifyEmail",
            "Verify an email address with the token from its mail",
            body=ConfirmedAddress,
            public=True,
            problems=[403, 409, 429],
        ),
    )
    async def verify_email(self, request: HttpRequest) -> Answer[None]:
        """A token works once. Under the account's own access token nothing else is needed.

        Without it, `password` is: the account's password verifies the address and ends the account's sessions; the
        password of the sign-up that the link belongs to opens that account, in place of an unverified one that somebody
        else made with the address.
        """
        proof = await read(request, ConfirmedAddress)
        note(way_in="mailed token")
        with taken_is_invalid():
            user = await self.accounts.verify_email(
                token=proof.token,
                password=given(proof.password),
                user_id=await self.caller_if_any(request),
                client=client_of(request),
            )
        asked_by(user.id)
        return Answer(None)

    @post(
        "/verify-email/resend",
        status_code=ACCEPTED,
        **documented(
            "resendVerification", "Have the mail to verify one's address sent again", body=Nothing, problems=[409, 429]
        ),
    )
    async def resend(self, request: HttpRequest) -> Answer[None]:
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.resend_verification(caller.user.id, client=client_of(request))
        return self.answer(caller, None)

    @post(
        "/forgot-password",
        status_code=ACCEPTED,
        **documented(
            "forgotPassword",
            "Ask for a mail to choose a new password with",
            body=Forgot,
            public=True,
            problems=[409, 429],
        ),
    )
    async def forgot(self, request: HttpRequest) -> Answer[None]:
        """The answer is the same whether or not the address has an account."""
        wish = await read(request, Forgot)
        await self.accounts.forgot_password(email=noted(wish.email), client=client_of(request))
        return Answer(None)

    @post(
        "/reset-password",
        status_code=NO_CONTENT,
        **documented(
            "resetPassword",
            "Choose a new password with the token from a mail",
            body=Reset,
            public=True,
            problems=[409, 429],
        ),
    )
    async def reset(self, request: HttpRequest) -> Answer[None]:
        """Every session ends, and every other mailed token dies."""
        wish = await read(request, Reset)
        note(way_in="mailed token")
        user = await self.accounts.reset_password(token=wish.token, password=wish.password, client=client_of(request))
        asked_by(user.id)
        return Answer(None)
