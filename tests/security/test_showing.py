"""No object that holds a secret shows it, and no error on the way to a database or a mail server does."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.security.canaries import Canaries
from tests.security.test_canaries import PASSWORDS, STRIPE_KEY, WEBHOOK_SECRET, show

from accounts_core.errors import AccountsError
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.mail_token import MailToken, MailTokenPurpose
from accounts_core.model.passwords import Password, PasswordPolicy
from accounts_core.model.policy import SessionPolicy
from accounts_core.model.secret_values import ClientSecret, NextAction
from accounts_core.model.session import Session
from accounts_core.model.text import Secret
from accounts_core.model.tokens import digest_of, new_token
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_core.ports.payment_gateway import Hold, HoldStatus
from accounts_core.services.idempotency import IdempotentAnswer
from accounts_core.services.session_opener import SignInResult
from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON
from accounts_core.use_cases.cards.verify_card import ActionRequired
from accounts_http.access_log import RequestEntry, conceal, current_request
from accounts_http.bodies import fill
from accounts_http.schemas.auth import ConfirmedAddress, Login, Reset, SignUp
from accounts_http.schemas.user import UpdateUser
from accounts_memory import ManualClock
from accounts_service.database_url import DatabaseUrl
from accounts_service.settings import Settings
from accounts_smtp import MailComposer, Sender, SmtpUrl
from accounts_smtp.smtp import SmtpMailer
from accounts_sql import AsyncSqlStore, SqlStore, create_async_engine, create_engine
from accounts_stripe import BlockingStripeGateway, StripeGateway

SECRET = PASSWORDS[0]
TOKEN = new_token(bytes(range(32)))
CLIENT_SECRET = "pi_1_secret_KanarienBestaetigung"
DATABASE_URL = "postgresql://me:Zeisig%2Fdb%20geheim@127.0.0.1:1/accounts"
SMTP_URL = "smtp://me:Amsel%2Fmail%20geheim@127.0.0.1:1"


@pytest.fixture
def marked() -> Canaries:
    found = Canaries()
    for name, secret in {
        "password": SECRET,
        "token": str(TOKEN),
        "digest": digest_of(TOKEN).reveal().hex(),
        "client secret": CLIENT_SECRET,
        "part of it": "KanarienBestaetigung",
        "Stripe key": STRIPE_KEY,
        "webhook secret": WEBHOOK_SECRET,
        "database password": "Zeisig/db geheim",
        "SMTP password": "Amsel/mail geheim",
        "Redis password": "Star/cache geheim",
    }.items():
        found.add(name, secret)
    return found


def session() -> Session:
    return Session.begin(id="ses_1", user_id=UserId(1), digest=digest_of(TOKEN), at=NOON, policy=SessionPolicy())


def mailer() -> SmtpMailer:
    return SmtpMailer(
        url=SmtpUrl.parse(SMTP_URL),
        composer=MailComposer(
            sender=Sender(EmailAddress("no-reply@accounts.example")), public_url="https://accounts.example"
        ),
        clock=ManualClock(NOON),
        timeout_seconds=5,
    )


def notice() -> MailMessage:
    values = {"name": "Jane", "token": TOKEN, "minutes": "10"}
    return MailMessage(id="job_1", to=EmailAddress("jane@example.org"), kind=MailKind.RESET_PASSWORD, values=values)


def settings() -> Settings:
    return Settings.parse(
        {
            "ACCOUNTS_DATABASE_URL": DATABASE_URL,
            "ACCOUNTS_STRIPE_API_KEY": STRIPE_KEY,
            "ACCOUNTS_STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "ACCOUNTS_SMTP_URL": SMTP_URL,
            "ACCOUNTS_REDIS_URL": "redis://:Star%2Fcache%20geheim@cache/0",
        }
    )


def entry() -> RequestEntry:
    made = RequestEntry(id="1", method="GET", client=None)
    token = current_request.set(made)
    conceal(SECRET)
    current_request.reset(token)
    assert made.secrets == [SECRET]
    return made


OBJECTS: dict[str, Callable[[], object]] = {
    "Secret": lambda: [Secret(SECRET), TOKEN],
    "Password": lambda: Password(SECRET),
    "Session": session,
    "MailToken": lambda: MailToken(
        digest=digest_of(TOKEN),
        user_id=UserId(1),
        purpose=MailTokenPurpose.RESET_PASSWORD,
        email=EmailAddress("jane@example.org"),
        created_at=NOON,
        expires_at=NOON + timedelta(minutes=10),
    ),
    "MailMessage": notice,
    "Hold": lambda: Hold(
        id="pi_1",
        status=HoldStatus.CHALLENGED,
        verification_id="cv_1",
        payment_method="pm_1",
        amount=100,
        currency="usd",
        client_secret=CLIENT_SECRET,
        next_action={"redirect_to_url": {"url": f"https://example.org/?{CLIENT_SECRET}"}},
    ),
    "ActionRequired": lambda: ActionRequired(
        verification_id="cv_1",
        client_secret=ClientSecret(CLIENT_SECRET),
        next_action=NextAction({"url": CLIENT_SECRET}),
    ),
    "IdempotentAnswer": lambda: IdempotentAnswer(answer=CLIENT_SECRET.encode(), is_final=False, took_effect=True),
    "SignUp": lambda: fill(SignUp, {"email": SECRET, "password": SECRET, "name": "Jane"}, strict=True),
    "Login": lambda: fill(Login, {"email": SECRET, "password": SECRET}, strict=True),
    "Reset": lambda: fill(Reset, {"token": str(TOKEN), "password": SECRET}, strict=False),
    "ConfirmedAddress": lambda: fill(ConfirmedAddress, {"token": str(TOKEN)}, strict=False),
    "UpdateUser": lambda: fill(
        UpdateUser,
        {"password": SECRET, "password_confirmation": SECRET, "current_password": SECRET, "email": SECRET},
        strict=True,
    ),
    "RequestEntry": entry,
    "Settings": settings,
    "DatabaseUrl": lambda: [DatabaseUrl.parse(DATABASE_URL), str(DatabaseUrl.parse(DATABASE_URL))],
    "SmtpUrl": lambda: [SmtpUrl.parse(SMTP_URL), str(SmtpUrl.parse(SMTP_URL))],
    "SmtpMailer": mailer,
    "StripeGateway": lambda: [StripeGateway.connect(STRIPE_KEY), vars(StripeGateway.connect(STRIPE_KEY))],
    "BlockingStripeGateway": lambda: BlockingStripeGateway.connect(STRIPE_KEY),
    "SqlStore": lambda: SqlStore(create_engine(DATABASE_URL)),
    "AsyncSqlStore": lambda: AsyncSqlStore(create_async_engine(DATABASE_URL)),
    "engines": lambda: [create_engine(DATABASE_URL), create_async_engine(DATABASE_URL)],
}


@pytest.mark.parametrize("name", OBJECTS)
def test_what_holds_a_secret_does_not_show_it(name: str, marked: Canaries) -> None:
    made = OBJECTS[name]()

    assert marked.found_in(f"{made!r} {made}") == {}
    assert marked.found_in(f"{made!r} {SECRET}")  # there, it would have been seen


def test_a_secret_is_a_text_in_every_other_way() -> None:
    secret = Secret(SECRET)

    assert secret == SECRET
    assert f"{secret}" == str(secret) == SECRET
    assert (type(str(secret)), type(f"{secret}")) == (str, str)
    assert hash(secret) == hash(SECRET)
    assert repr([secret]) == "['***']"


def test_the_token_that_a_person_gets_is_a_plain_text() -> None:
    made = SignInResult(token=str(TOKEN), session=session(), user=None)  # type: ignore[arg-type]  # only looked at

    assert type(made.token) is str
    assert str(TOKEN) not in repr(made)


def failing(act: Callable[[], Any]) -> BaseException:
    """Do it, and return the error, without the frame of this test, which knows it all."""
    with pytest.raises(AccountsError) as caught:
        act()
    frames = caught.value.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__") == __name__:
        frames = frames.tb_next
    return caught.value.with_traceback(frames)


async def ask_async() -> None:
    engine = create_async_engine(DATABASE_URL)
    try:
        async with AsyncSqlStore(engine).reader() as reader:
            await reader.users.find(UserId(1))
    finally:
        await engine.dispose()


async def begin_async() -> None:
    engine = create_async_engine(DATABASE_URL)
    try:
        async with AsyncSqlStore(engine).begin() as work:
            await work.users.find(UserId(1))
    finally:
        await engine.dispose()


async def ask() -> None:
    engine = create_engine(DATABASE_URL)
    try:
        async with SqlStore(engine).begin() as work:
            await work.users.find(UserId(1))
    finally:
        engine.dispose()


FAILURES: dict[str, Callable[[], Any]] = {
    "database, read": lambda: asyncio.run(ask_async()),
    "database, unit of work": lambda: asyncio.run(begin_async()),
    "database, without a loop": lambda: run_sync(ask()),
    "mail server": lambda: asyncio.run(mailer().deliver(notice())),
    "mail server, checked": lambda: asyncio.run(mailer().check()),
    "password too long": lambda: Password(Secret(SECRET + "x" * 1024)),
    "password too long in NFC": lambda: Password(Secret(SECRET + "\u0344" * 500)),
    "password not allowed": lambda: PasswordPolicy(min_length=64).check(Password(Secret(SECRET))),
    "no token": lambda: digest_of(Secret(SECRET)),
}


@pytest.mark.parametrize("name", FAILURES)
def test_an_error_on_the_way_shows_no_secret_not_even_in_its_frames(name: str, marked: Canaries) -> None:
    error = failing(FAILURES[name])

    assert {text: found for text in show(error) if (found := marked.found_in(text))} == {}
