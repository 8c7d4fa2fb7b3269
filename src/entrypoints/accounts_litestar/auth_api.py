"""Signing up, in and out, and where one is signed in."""

from typing import Annotated, Any, Final, Literal, TypedDict, cast

import msgspec
from litestar import delete, get, post
from msgspec import UNSET, Meta, UnsetType

from accounts_core import Accounts
from accounts_core.errors import EmailTaken
from accounts_core.model.ids import UserId
from accounts_core.model.paging import DEFAULT_PAGE
from accounts_core.model.session import Session
from accounts_core.results import SignInResult
from accounts_litestar import examples
from accounts_litestar.account_shapes import CurrentUser, current_user
from accounts_litestar.addresses import new_email_address, noted
from accounts_litestar.answers import Answer
from accounts_litestar.bodies import Nothing, read
from accounts_litestar.endpoints import (
    ACCEPTED,
    NO_CONTENT,
    Endpoints,
    HttpRequest,
    client_of,
    given,
)
from accounts_litestar.links import into
from accounts_litestar.openapi import documented
from accounts_litestar.parameters import next_link, page_query, text_id
from accounts_litestar.repeating import idempotency_key, sign_up_idempotent
from accounts_litestar.requests import asked_by, note
from accounts_litestar.times import seconds


class SignUp(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(examples=["jane@example.org"])]
    password: Annotated[str, Meta(examples=["a long and quiet river"])]
    name: Annotated[str, Meta(examples=["Jane Doe"])]


class Login(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(examples=["jane@example.org"])]
    password: Annotated[str, Meta(examples=["a long and quiet river"])]


class Proof(msgspec.Struct, forbid_unknown_fields=True):
    """That it is really they who ask, where the sign-in was a while ago."""

    current_password: str | UnsetType = UNSET


class SessionItem(msgspec.Struct, kw_only=True):
    """One sign-in on one device; `last_used_at` may lag by some minutes."""

    id: str
    user_agent: str | None
    created_at: str
    last_used_at: str
    expires_at: str
    is_current: bool


class AccessToken(msgspec.Struct, kw_only=True):
    """A token to send as `Authorization: Bearer`; it dies after `expires_in` seconds at the latest."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  a word of RFC 6749, no secret
    expires_in: int


_AS_SIGNED_UP: Final = {
    **into("login", "restore", body={"email": "$request.body#/email", "password": "$request.body#/password"}),
    **into("forgotPassword", body={"email": "$request.body#/email"}),
}


class AuthApi(Endpoints):
    path = "/api/auth"
    tags = ("Sign-up and sign-in",)

    @post(
        "/register",
        **documented(
            "register",
            "Sign up",
            body=SignUp,
            example=examples.NEW_USER,
            keyed=True,
            public=True,
            links=_AS_SIGNED_UP,
            problems=[409, 429],
            also={ACCEPTED: "Where registration is private: the mail tells the rest."},
        ),
    )
    async def register(self, request: HttpRequest) -> Answer[CurrentUser | None]:
        """A mail to verify the address comes with it."""
        key = idempotency_key(request)
        wish = await read(request, SignUp)
        email = noted(wish.email, read_as=new_email_address)

        async def sign_up(accounts: Accounts[Any]) -> tuple[Answer[CurrentUser | None], UserId | None]:
            is_private = accounts.policy.private_registration
            call = accounts.request_account if is_private else accounts.register
            try:
                user = await call(email=email, password=wish.password, name=wish.name, client=client_of(request))
            except EmailTaken as taken:
                # an answer and no error, which would take back what was written for the mail
                return cast("Answer[CurrentUser | None]", self.problems(request, taken)), None
            if user is None:
                return Answer(None, status_code=ACCEPTED), None
            asked_by(user.id)
            return Answer(current_user(user)), user.id

        if key is None:
            answer, _ = await sign_up(self.accounts)
            return answer
        return await sign_up_idempotent(
            self.accounts, request, key, email=email, password=wish.password, sign_up=sign_up
        )

    @post(
        "/login",
        status_code=200,
        **documented("login", "Sign in", body=Login, public=True, problems=[401, 403, 409, 429]),
    )
    async def login(self, request: HttpRequest) -> Answer[AccessToken]:
        """The right password of a deactivated account gets a problem of type `account-deactivated`."""
        proof = await read(request, Login)
        note(way_in="password")
        signed_in = await self.accounts.sign_in(email=noted(proof.email), password=proof.password, **_origin(request))
        return Answer(_access_token(signed_in))

    @post("/logout", status_code=NO_CONTENT, **documented("logout", "Sign out", body=Nothing, problems=[409]))
    async def logout(self, request: HttpRequest) -> Answer[None]:
        """The token is dead at once; other sessions go on."""
        caller = await self.caller(request)
        await read(request, Nothing)
        await self.accounts.sign_out(caller.session)
        return Answer(None)

    @post(
        "/restore",
        status_code=200,
        **documented("restore", "Restore a deactivated account", body=Login, public=True, problems=[401, 409, 429]),
    )
    async def restore(self, request: HttpRequest) -> Answer[AccessToken]:
        """The account is as it was, and signed in. On an active account this is a plain login."""
        proof = await read(request, Login)
        note(way_in="password")
        signed_in = await self.accounts.restore(email=noted(proof.email), password=proof.password, **_origin(request))
        return Answer(_access_token(signed_in))

    @get(
        "/sessions",
        **documented(
            "listSessions",
            "See where one is signed in",
            paged=DEFAULT_PAGE,
            links=into("endSession", id="$response.body#/0/id"),
        ),
    )
    async def sessions(self, request: HttpRequest) -> Answer[list[SessionItem]]:
        caller = await self.caller(request)
        query = page_query(request)
        page = await self.accounts.list_sessions(caller.user.id, limit=query.limit, before=query.before)
        found = [_session_item(each, caller.session.id) for each in page]
        return self.answer(caller, found, headers=next_link(request, query, page))

    @delete(
        "/sessions/{id:str}",
        **documented("endSession", "End a session", body=Proof, problems=[403, 404, 409, 429]),
    )
    async def end_session(self, request: HttpRequest) -> Answer[None]:
        """To end another one than this needs `current_password` or a recent sign-in."""
        caller = await self.caller(request)
        proof = await read(request, Proof)
        await self.accounts.end_sessions(
            caller.session,
            text_id(request, "session"),
            current_password=given(proof.current_password),
            client=client_of(request),
        )
        return Answer(None)

    @delete(
        "/sessions", **documented("endOtherSessions", "End every other session", body=Proof, problems=[403, 409, 429])
    )
    async def end_other_sessions(self, request: HttpRequest) -> Answer[None]:
        """Needs `current_password` or a recent sign-in."""
        caller = await self.caller(request)
        proof = await read(request, Proof)
        await self.accounts.end_sessions(
            caller.session, current_password=given(proof.current_password), client=client_of(request)
        )
        return self.answer(caller, None)


class _Origin(TypedDict):
    user_agent: str | None
    client: str | None


def _origin(request: HttpRequest) -> _Origin:
    return {"user_agent": request.headers.get("user-agent"), "client": client_of(request)}


def _session_item(session: Session, current: str) -> SessionItem:
    return SessionItem(
        id=session.id,
        user_agent=session.user_agent,
        created_at=seconds(session.created_at),
        last_used_at=seconds(session.last_used_at),
        expires_at=seconds(session.expires_at),
        is_current=session.id == current,
    )


def _access_token(signed_in: SignInResult) -> AccessToken:
    asked_by(signed_in.user.id)
    session = signed_in.session
    return AccessToken(
        access_token=signed_in.token, expires_in=int((session.expires_at - session.created_at).total_seconds())
    )
