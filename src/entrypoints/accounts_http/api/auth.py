"""Sign-up, sign-in, sign-out, and the user's sessions."""

from typing import Any, Final

from accounts_core import Accounts
from accounts_core.errors import EmailTaken
from accounts_core.model.ids import UserId
from accounts_http import examples
from accounts_http.access_log import note, note_user
from accounts_http.api.answers import Answer
from accounts_http.api.calls import Call, ListCall, SignedInCall
from accounts_http.api.endpoints import Endpoints, answer_of, stored
from accounts_http.api.requests import path_of
from accounts_http.api.routes import ACCEPTED, CREATED, NO_CONTENT, delete, get_list, post, public_post
from accounts_http.bodies import NoFields, value_or_none
from accounts_http.email_addresses import new_email_address, noted
from accounts_http.idempotency import RequestOutcome, plain_fields, sign_up_idempotent
from accounts_http.openapi.declarations import Docs
from accounts_http.openapi.links import into
from accounts_http.parameters import text_id
from accounts_http.schemas.account import CurrentUser, current_user
from accounts_http.schemas.auth import AccessToken, Login, Proof, SessionItem, SignUp, access_token, session_item
from accounts_http.schemas.profile import new_profile
from accounts_http.schemas.profile_data import profile_data, shown_profile, with_profile

_AS_SIGNED_UP: Final = {
    **into("login", "restore", body={"email": "$request.body#/email", "password": "$request.body#/password"}),
    **into("forgotPassword", body={"email": "$request.body#/email"}),
}


class AuthApi(Endpoints):
    path = "/api/auth"
    area = "sign_in"
    tags = ("Sign-up and sign-in",)

    @public_post(
        "/register",
        body=SignUp,
        status=CREATED,
        accepts_key=True,
        docs=Docs(
            "register",
            "Sign up",
            example=examples.NEW_USER,
            links=_AS_SIGNED_UP,
            problems=(409, 429),
            also={ACCEPTED: "Registration is private: the next steps are sent by email."},
        ),
    )
    async def register(self, call: Call[SignUp]) -> Answer[CurrentUser | None]:
        """Creates a user and sends an email to verify the address."""
        body = call.body
        email = noted(body.email, read_as=new_email_address)

        async def sign_up(accounts: Accounts[Any]) -> tuple[Answer[Any], UserId | None]:
            is_private = accounts.policy.private_registration
            use_case = accounts.request_account if is_private else accounts.register
            try:
                user = await use_case(
                    email=email,
                    password=body.password,
                    client=call.client,
                    profile=profile_data(body),
                    **new_profile(body),
                )
            except EmailTaken as taken:
                # an answer and no error, which would roll back what was written for the mail
                return self.service.problem(taken, call.request), None
            if user is None:
                return Answer(None, status=ACCEPTED), None
            note_user(user.id)
            shown = with_profile(current_user(user), shown_profile(accounts, user))
            return Answer(shown, status=CREATED), user.id

        async def perform(accounts: Accounts[Any]) -> RequestOutcome:
            answer, user_id = await sign_up(accounts)
            return RequestOutcome(stored(answer, CREATED), user_id=user_id)

        if call.idempotency_key is None:
            answer, _ = await sign_up(call.accounts)
            return answer
        request = call.request
        return answer_of(
            await sign_up_idempotent(
                call.accounts,
                call.idempotency_key,
                method=request.method,
                path=path_of(request),
                email=email,
                password=body.password,
                plain=plain_fields(await request.body(self.service.options.body_limit_bytes), request.headers),
                client=call.client,
                sign_up=perform,
            )
        )

    @public_post("/login", body=Login, status=200, docs=Docs("login", "Sign in", problems=(401, 403, 409, 429)))
    async def login(self, call: Call[Login]) -> Answer[AccessToken]:
        """Returns an access token. For a deactivated account, the right password gets `account-deactivated`."""
        note(way_in="password")
        signed_in = await call.accounts.sign_in(
            email=noted(call.body.email), password=call.body.password, **call.origin
        )
        note_user(signed_in.user.id)
        return Answer(access_token(signed_in))

    @post("/logout", body=NoFields, status=NO_CONTENT, docs=Docs("logout", "Sign out", problems=(409,)))
    async def logout(self, call: SignedInCall[NoFields]) -> Answer[None]:
        """Revokes the access token. Other sessions are not affected."""
        await call.accounts.sign_out(call.caller.session)
        return Answer(None)

    @public_post(
        "/restore",
        body=Login,
        status=200,
        docs=Docs("restore", "Restore a deactivated account", problems=(401, 409, 429)),
    )
    async def restore(self, call: Call[Login]) -> Answer[AccessToken]:
        """Reactivates the account and signs in. On an active account this is the same as signing in."""
        note(way_in="password")
        signed_in = await call.accounts.restore(
            email=noted(call.body.email), password=call.body.password, **call.origin
        )
        note_user(signed_in.user.id)
        return Answer(access_token(signed_in))

    @get_list(
        "/sessions",
        docs=Docs("listSessions", "List your sessions", links=into("endSession", id="$response.body#/0/id")),
    )
    async def sessions(self, call: ListCall) -> Answer[list[SessionItem]]:
        page = await call.accounts.list_sessions(call.user_id, limit=call.page.limit, before=call.page.before)
        return call.answer_page([session_item(each, current=call.caller.session.id) for each in page], page)

    @delete("/sessions/{id}", body=Proof, docs=Docs("endSession", "End a session", problems=(403, 404, 409, 429)))
    async def end_session(self, call: SignedInCall[Proof]) -> Answer[None]:
        """Ending another session than the current one needs `current_password` or a recent sign-in."""
        await call.accounts.end_sessions(
            call.caller.session,
            text_id(call.path["id"], "session"),
            current_password=value_or_none(call.body.current_password),
            client=call.client,
        )
        return Answer(None)

    @delete("/sessions", body=Proof, docs=Docs("endOtherSessions", "End all other sessions", problems=(403, 409, 429)))
    async def end_other_sessions(self, call: SignedInCall[Proof]) -> Answer[None]:
        """Needs `current_password` or a recent sign-in."""
        await call.accounts.end_sessions(
            call.caller.session, current_password=value_or_none(call.body.current_password), client=call.client
        )
        return call.answer(None)
