"""Marked secrets go through everything that the service does, and are found nowhere that they do not belong."""

import gc
import logging
import traceback
from collections.abc import Iterator, Mapping
from email import message_from_bytes, policy
from io import StringIO
from pathlib import Path
from typing import Any, cast

import attrs
import httpx
import pytest
from tests.integration.http.client import Run
from tests.integration.http.service import START, Clock, Lifespan, event_loop, in_memory
from tests.security.canaries import Canaries, Searched, forms
from tests.security.walk import EMAIL, NAME, TOKEN, UNKNOWN_FIELD, Walk

from accounts_core import MailDispatch
from accounts_core.accounts import Accounts
from accounts_core.errors import Unavailable
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.passwords import Password
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.outbox.worker import RunWorker, WorkerRun
from accounts_core.ports.mailer import Mailer, MailMessage
from accounts_http.access_log import account_name
from accounts_litestar import HttpOptions, create_app
from accounts_litestar.edge.problems import Problems
from accounts_memory import PlainHasher
from accounts_service.logs import _Handler, formatter
from accounts_service.masking import Masker
from accounts_smtp import EmlMailer, MailComposer, Sender
from accounts_stripe import StripeGateway, verify_webhook
from accounts_stripe_simulator import Fault, Simulator, SimulatorHTTPClient
from accounts_system import SystemSecrets

PASSWORDS = [f"Kanarienvogel/{n} & {word} ümläut+100%" for n, word in enumerate(("eins", "zwei", "drei"), start=1)]
WRONG = "Papagei 4711/falsch & böse+200%"
STRIPE_KEY = "sk_test_KanarienSchluessel0815"
WEBHOOK_SECRET = "whsec_KanarienGeheimnis4711"


def canaries() -> Canaries:
    marked = Canaries()
    for number, password in enumerate(PASSWORDS, start=1):
        marked.add(f"password {number}", password)
    marked.add("wrong password", WRONG)
    marked.add("Stripe key", STRIPE_KEY)
    marked.add("webhook secret", WEBHOOK_SECRET)
    return marked


@pytest.mark.parametrize("form", sorted(set(forms(PASSWORDS[0]))))
def test_the_search_finds_a_secret_however_it_is_written(form: bytes) -> None:
    searched = Searched()
    searched.add("somewhere", b"before " + form + b" after")

    assert searched.leaks(canaries()) == {"somewhere": {"password 1": b"before " + form[:8]}}


def show(error: BaseException) -> list[str]:
    """Return what an error reporter sends, which looks into every frame, and what the errors themselves hold."""
    shown = ["".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())]
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.append(each)
            waiting += [cause for cause in (each.__cause__, each.__context__) if cause is not None]
            shown += [repr(each), repr(vars(each))]
    return shown


@pytest.fixture
def run() -> Iterator[Run]:
    with event_loop() as run:
        yield run


class Forced(Exception):
    """A defect that has all that it knows in its words."""


class MoodyHasher(PlainHasher):
    """Checks passwords; in a mood it fails instead, once. What can be seen while it works is kept."""

    def __init__(self, searched: Searched) -> None:
        super().__init__()
        self.moods: list[type[Exception]] = []
        self._searched = searched

    async def verify(
        self, hash: PasswordHash | None, password: Password, *, requester: Requester | None = None
    ) -> bool:
        if self.verified % 5 == 0:
            self._searched.add("reprs", *reprs())
        if self.moods:
            mood = self.moods.pop()
            raise mood(f"cannot check {password.text}, {password.text.encode().hex()}") if mood is Forced else mood
        return await super().verify(hash, password, requester=requester)


@attrs.define(kw_only=True)
class MoodyMailer:
    """Delivers mails; in a mood it fails instead, once, with the mail in its words."""

    inner: Mailer
    moods: list[type[Exception]] = attrs.field(factory=list)

    async def deliver(self, notice: MailMessage) -> None:
        if self.moods:
            raise self.moods.pop()(f"to {notice.to}: {dict(notice.values)}")
        await self.inner.deliver(notice)


def reprs() -> Iterator[str]:
    """Return how everything that is ours, and alive, shows itself; Stripe's pretended side is not ours."""
    for each in gc.get_objects():
        module = getattr(type(each), "__module__", "")
        if isinstance(module, str) and module.startswith("accounts_") and "simulator" not in module:
            yield repr(each)


def atoms(value: object) -> Iterator[str | bytes]:
    """Yield every text and every bytes in a value, whatever its `repr` leaves out."""
    match value:
        case str() | bytes():
            yield value
        case Mapping():
            for name, each in value.items():
                yield from atoms(name)
                yield from atoms(each)
        case list() | tuple() | set() | frozenset():
            for each in value:
                yield from atoms(each)
        case _ if attrs.has(type(value)):
            for name in [field.name for field in attrs.fields(cast("Any", type(value)))]:
                yield from atoms(getattr(value, name))
        case _:
            yield repr(value)


def mail_texts(raw: bytes, *, allowed: str | None) -> Iterator[str]:
    """Yield what a mail says, in its headers and in each part, without the token that it is there to carry."""
    mail = message_from_bytes(raw, policy=policy.default)
    said = [f"{name}: {value}" for name, value in mail.items()]
    said += [part.get_content() for part in mail.walk() if not part.is_multipart()]
    for text in said:
        yield text if allowed is None else text.replace(allowed, "")


def token_in(raw: bytes) -> str | None:
    found = TOKEN.search("\n".join(mail_texts(raw, allowed=None)))
    return found[0] if found else None


MARKERS = {
    "answers": NAME,
    "problems": UNKNOWN_FIELD,
    "rows": NAME,
    "mails": NAME,
    "commands": EMAIL,
    "log": account_name(EMAIL),
    "reprs": NAME,
    "tracebacks": NAME,
}
"""What is no secret and is in each place: it is found, so a secret would have been."""


def assert_clean(searched: Searched, marked: Canaries, *places: str) -> None:
    assert set(places) == set(searched.places)
    for place in places:
        assert searched.has(place, MARKERS[place]), f"{place} was not looked into"
    leaks = searched.leaks(marked)
    assert not leaks, "\n".join(f"{place}: {name}: {seen!r}" for place in leaks for name, seen in leaks[place].items())


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """The log as the service writes it, which knows its own secrets."""
    stream = StringIO()
    handler = _Handler(stream)
    handler.setFormatter(formatter(Masker([STRIPE_KEY, WEBHOOK_SECRET]), for_people=False))
    root, ours = logging.getLogger(), logging.getLogger("accounts_http")
    level = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.INFO)
    yield stream
    ours.setLevel(level)
    root.removeHandler(handler)


def test_in_one_process_no_secret_is_anywhere_that_it_does_not_belong(
    run: Run, tmp_path: Path, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked, searched, clock, stored = canaries(), Searched(), Clock(START), in_memory()
    simulator = Simulator(clock, SystemSecrets(), webhook_secret=WEBHOOK_SECRET)
    hasher = MoodyHasher(searched)
    sender = Sender.parse("Accounts <no-reply@accounts.example>")
    composer = MailComposer(sender=sender, public_url="https://accounts.example")
    mail = MoodyMailer(inner=EmlMailer(folder=tmp_path, composer=composer, clock=clock))
    accounts = Accounts(
        mail_dispatch=MailDispatch.WORKER,
        limits=None,
        store=stored.store,
        payments=StripeGateway.connect(STRIPE_KEY, http_client=SimulatorHTTPClient(simulator)),
        passwords=hasher,
        mailer=mail,
        clock=clock,
        secrets=SystemSecrets(),
    )

    def check(body: bytes, headers: Mapping[str, str]) -> Any:
        return verify_webhook(body, headers.get("stripe-signature", ""), WEBHOOK_SECRET, clock.now())

    app = create_app(accounts, options=HttpOptions(webhook=check))
    keep_errors(searched, monkeypatch)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://accounts.test")  # type: ignore[arg-type]  # Litestar's scope type is narrower than ASGI's
    lifespan = Lifespan(app)
    run(lifespan.begin())

    def work() -> None:
        for _ in range(3):
            run(accounts.run_due())
            searched.add("rows", *atoms(stored.dump()))
            clock.pass_by(minutes=1)

    def mailed_token(purpose: str) -> str:
        mail.moods += [Forced, Unavailable]
        work()
        (newest,) = tmp_path.glob(f"*.{purpose}.eml")
        token = token_in(newest.read_bytes())
        assert token is not None
        return token

    def send(method: str, path: str, **how: Any) -> httpx.Response:
        return run(http.request(method, path, **how))

    walk = Walk(send, mailed_token, marked, searched)
    live(walk, hasher.moods)
    simulator.faults.on("*", Fault.fail())
    walk.ask("POST", "/api/users/current/verify-payment", 503, json={"paymentMethod": "pm_card_mastercard"})
    simulator.faults.clear()
    work()
    run(http.aclose())
    run(lifespan.end())

    for file in tmp_path.glob("*.eml"):
        raw = file.read_bytes()
        searched.add("mails", file.name, *mail_texts(raw, allowed=token_in(raw)))
    searched.add("log", logged.getvalue())
    searched.add("reprs", *reprs(), repr(walk.token and Password(walk.token)))
    assert_clean(searched, marked, "answers", "problems", "rows", "mails", "log", "reprs", "tracebacks")
    assert "Forced" in logged.getvalue()  # with its secrets masked


def live(walk: Walk, moods: list[type[Exception]] | None = None) -> None:
    """Walk all the way; `moods` are what fails next, where something can be made to."""
    first, second, third = PASSWORDS
    walk.register(first)
    walk.fail_to_sign_in(first, WRONG)
    if moods is not None:
        for mood in (Forced, ZeroDivisionError):
            moods.append(mood)
            walk.ask("POST", "/api/auth/login", 500, json={"email": EMAIL, "password": first})
    walk.sign_in(first)
    walk.misuse_tokens(first)
    walk.send_what_cannot_be_read(first)
    walk.change_password(first, second, WRONG)
    if moods is not None:
        moods.append(Forced)
        walk.ask("DELETE", "/api/v1/user", 500, json={"password": second})
    walk.verify_cards()
    walk.refuse_events(WEBHOOK_SECRET)
    walk.look_around()
    walk.reset(third)
    walk.sign_in(third)
    walk.look_around()


def keep_errors(searched: Searched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what an error reporter would show of each error that a request or a job ended with."""
    answer, fail = Problems.__call__, RunWorker._failed

    def problem(self: Problems, request: Any, error: Exception) -> Any:
        answered = answer(self, request, error)
        keep(error)
        return answered

    def failed(self: RunWorker, job: OutboxJob, error: Exception, ran: WorkerRun) -> Any:
        keep(error)
        return fail(self, job, error, ran)

    def keep(error: Exception) -> None:
        if not isinstance(error, Forced):  # which says it all itself
            searched.add("tracebacks", *show(error))

    monkeypatch.setattr(Problems, "__call__", problem)
    monkeypatch.setattr(RunWorker, "_failed", failed)
