"""A8: a card number that somebody types into the wrong field is refused, and is nowhere afterwards.

Every field of every call in the OpenAPI document is given one, in each spelling, and so are headers and addresses. Then
every row, everything that was sent to Stripe, every mail and every line of the log are searched for it.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import attrs
import httpx
import pytest
from tests.integration.http.client import PASSWORD, Client, invalid
from tests.integration.http.conftest import FAST_STORES, OpenStore
from tests.integration.http.openapi import Operation, operations
from tests.integration.http.service import START, Clock, Lifespan, Stored, event_loop
from tests.integration.http.stripe_events import checking
from tests.security.canaries import Canaries, Searched
from tests.security.test_canaries import atoms, keep_errors, logged, mail_texts

from accounts_core import MailDispatch
from accounts_core.accounts import Accounts
from accounts_core.ports.store import UnitOfWork
from accounts_litestar import HttpOptions, create_app
from accounts_memory import MemoryRateLimiter, PlainHasher
from accounts_smtp import EmlMailer, MailComposer, Sender
from accounts_stripe import StripeGateway
from accounts_stripe_simulator import Simulator, SimulatorHTTPClient
from accounts_stripe_simulator.requests import Request
from accounts_stripe_simulator.simulator import Exchange
from accounts_system import SystemSecrets

__all__ = ["logged"]

DIGITS: Final = "4000056655665556"
GROUPS: Final = (DIGITS[:4], DIGITS[4:8], DIGITS[8:12], DIGITS[12:])
SPELLINGS: Final = {
    "plain": DIGITS,
    **{f"with {each!a}": each.join(GROUPS) for each in (" ", "-", ".", "_", " - ", "/", "\u00a0", "\u2011", "+")},
    "digit by digit": " ".join(DIGITS),
    "full width": "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in DIGITS),
    "Arabic": "".join(chr(ord(digit) - ord("0") + 0x660) for digit in DIGITS),
    "Devanagari": "".join(chr(ord(digit) - ord("0") + 0x966) for digit in DIGITS),
    "superscript": "".join(
        "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[int(digit)] for digit in DIGITS
    ),
    "in a sentence": f"my card {' '.join(GROUPS)}, until 12/28",
    "with its code": f"{DIGITS} 12/28 123",
    "as a payment method": f"pm_{DIGITS}",
    "as an older one": f"card_x{DIGITS}x",
    "American Express": "3782 822463 10005",
    "Diners Club": "36227206271667",
    "UnionPay": "6205500000000000004",
    "Maestro": "501800000009",
}
FEW: Final = ("plain", "digit by digit", "full width", "in a sentence", "as a payment method")
"""The spellings that every store and place is tried with; the others differ in how a number is read alone."""
OWN_BUSINESS: Final = frozenset({"body"})
"""What people write to each other is theirs: it is kept, whatever it says."""
LOOKED_UP: Final = frozenset({"login", "restore", "forgotPassword"})
"""Calls that look an address up: an account from before the rule is still its owner's."""
HASHED: Final = frozenset(
    {"password", "password_confirmation", "current_password", "oldPassword", "newPassword", "token"}
)


class Recording(Simulator):
    """The simulator, which remembers all that it was asked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked: list[str] = []

    def exchange(self, request: Request) -> Exchange:
        self.asked += [request.path, request.form, repr(dict(request.headers))]
        return super().exchange(request)


@attrs.frozen(kw_only=True)
class Environment:
    accounts: Accounts[Any, UnitOfWork]
    api: Client
    jane: Client
    stored: Stored
    stripe: Recording
    limits: MemoryRateLimiter
    folder: Path
    ids: Mapping[str, object]
    has_all_spellings: bool

    def work(self) -> None:
        self.api.run(self.accounts.run_due())


@pytest.fixture(params=FAST_STORES)
def env(request: pytest.FixtureRequest, open_store: OpenStore, tmp_path: Path) -> Iterator[Environment]:
    """The service on Stripe's simulator, with limits and mails, and with Jane, who has one of everything."""
    with ExitStack() as stack:
        run = stack.enter_context(event_loop())
        stored = stack.enter_context(open_store(request.param, run))
        clock, secrets, limits = Clock(START), SystemSecrets(), MemoryRateLimiter()
        stripe = Recording(clock, secrets)
        accounts: Accounts[Any, UnitOfWork] = Accounts(
            mail_dispatch=MailDispatch.WORKER,
            store=stored.store,
            payments=StripeGateway.connect("sk_test_simulator", http_client=SimulatorHTTPClient(stripe)),
            passwords=PlainHasher(),
            mailer=EmlMailer(
                folder=tmp_path,
                composer=MailComposer(
                    sender=Sender.parse("Accounts <no-reply@accounts.example>"), public_url="https://accounts.example"
                ),
                clock=clock,
            ),
            clock=clock,
            secrets=secrets,
            limits=limits,
        )
        app = create_app(accounts, options=HttpOptions(webhook=checking(clock)))
        lifespan = Lifespan(app)
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://accounts.test")  # type: ignore[arg-type]  # Litestar's scope type is narrower than ASGI's
        run(lifespan.begin())
        stack.callback(lambda: run(lifespan.end()))
        stack.callback(lambda: run(http.aclose()))
        api = Client(run, http)
        jane = api.sign_up()
        run(accounts.mark_email_verified(jane.user["id"]))
        team = jane.post("/api/v1/accounts", json={"name": "Dev team"}).json()["data"]["id"]
        paid = jane.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})
        assert paid.status_code == 200, paid.text
        (card,) = jane.get("/api/users/current/list-payment-methods").json()["data"]
        ids = {
            "/accounts/{id}": team,
            "/members/{user_id}": jane.user["id"],
            "/payment-method/{id}": card["id"],
            "/notifications/{id}": "ntf_none",
            "/invitations/{id}": "inv_none",
            "/invitations/{invitation_id}": "inv_none",
            "/sessions/{id}": jane.get("/api/auth/sessions").json()[0]["id"],
        }
        yield Environment(
            accounts=accounts,
            api=api,
            jane=jane,
            stored=stored,
            stripe=stripe,
            limits=limits,
            folder=tmp_path,
            ids=ids,
            has_all_spellings=request.param == "memory",
        )


def spelled_for(field: str, spelling: str) -> Iterator[str]:
    """Yield what somebody would send who types a card number into this field."""
    yield spelling
    match field:
        case "email":
            yield f"{spelling}@example.org"
            yield f"jane.{spelling}@example.org"
            yield f"jane@{spelling}.example.org"
        case "returnUrl":
            yield f"https://shop.example/done?card={spelling.replace(' ', '+')}"
            yield f"https://shop.example/{quote(spelling)}"
            yield f"https://shop.example/{quote(quote(spelling))}#x"
            yield f"https://{quote(spelling)}@shop.example/"
            yield "https://shop.example/" + "".join(f"%{byte:02x}" for byte in spelling.encode())


def fields_of(operation: Operation) -> list[str]:
    if not operation.takes_body:
        return []
    kinds = operation.fields.items()
    return [name for name, kind in kinds if kind == "string" and name not in OWN_BUSINESS | HASHED]


def ask(env: Environment, operation: Operation, **how: Any) -> httpx.Response:
    client = env.jane if operation.needs_token else env.api
    return client.call(operation.method, operation.path_with(env.ids), **how)


def marked() -> Canaries:
    canaries = Canaries()
    for name, spelling in SPELLINGS.items():
        canaries.add(name, spelling)
    for digits in (DIGITS, "378282246310005", "36227206271667", "6205500000000000004", "501800000009"):
        canaries.add(digits, digits)
    return canaries


def search(env: Environment, log: str, answers: list[str], searched: Searched, *, allowed: str | None = None) -> None:
    """Check that it is nowhere but in the place allowed; markers show that each was looked into."""
    env.work()
    paths = ("activity", "export", "list-payment-methods", "retrieve", "")
    answers += [env.jane.get(f"/api/users/current/{path}".rstrip("/")).text for path in paths]
    searched.add("answers", "\n".join(answers))
    searched.add("rows", *atoms(env.stored.dump()))
    searched.add("limits", repr(vars(env.limits)))
    searched.add("Stripe", *env.stripe.asked)
    searched.add("log", log)
    for file in env.folder.glob("*.eml"):
        searched.add("mails", file.name, *mail_texts(file.read_bytes(), allowed=None))
    markers = {
        "answers": "jane@example.org",
        "rows": "jane@example.org",
        "limits": "jane@example.org",
        "Stripe": "pm_card_visa",
        "log": "invalid-fields",
        "mails": "jane@example.org",
    }
    for place, marker in markers.items():
        assert searched.has(place, marker), f"{place} was not looked into"
    leaks = {place: seen for place, seen in searched.leaks(marked()).items() if place != allowed}
    assert not leaks, "\n".join(f"{place}: {name}: {seen!r}" for place in leaks for name, seen in leaks[place].items())


def test_a8_a_card_number_in_any_field_of_any_call_is_refused_and_nowhere_afterwards(
    env: Environment, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched, answers, faults = Searched(), list[str](), list[str]()
    keep_errors(searched, monkeypatch)

    for operation in operations():
        for field in fields_of(operation):
            if field == "email" and operation.spec["operationId"] in LOOKED_UP:
                continue
            for name in SPELLINGS if env.has_all_spellings else FEW:
                spelling = SPELLINGS[name]
                for value in spelled_for(field, spelling):
                    answer = ask(env, operation, json={**operation.good_body(), field: value})
                    answers.append(answer.text)
                    if answer.status_code != 422 or set(answer.json()["errors"]) != {field}:
                        faults.append(f"{operation} {field}, {name}: {answer.status_code} {answer.text}")

    assert not faults, "\n".join(faults[:20])
    search(env, logged.getvalue(), answers, searched)


def test_a8_a_card_number_as_an_address_that_is_looked_up_is_counted_and_kept_nowhere_else(
    env: Environment, logged: StringIO
) -> None:
    """An account from before the rule signs in with it, so it is not refused; the limits count by the address."""
    answers = list[str]()
    looked_up = [operation for operation in operations() if operation.spec["operationId"] in LOOKED_UP]
    assert len(looked_up) == len(LOOKED_UP)

    for operation in looked_up:
        for spelling in map(SPELLINGS.__getitem__, FEW):
            for value in spelled_for("email", spelling):
                answer = ask(env, operation, json={**operation.good_body(), "email": value})
                assert answer.status_code in {202, 401, 422, 429}, answer.text
                answers.append(answer.text)

    search(env, logged.getvalue(), answers, Searched(), allowed="limits")


def test_a8_a_card_number_as_a_fields_name_is_not_repeated(env: Environment, logged: StringIO) -> None:
    answers = list[str]()

    for operation in operations():
        for key in ({}, {"Idempotency-Key": "once"}) if operation.takes_body else ():
            for spelling in map(SPELLINGS.__getitem__, FEW):
                answer = ask(env, operation, json={**operation.good_body(), spelling: "x"}, headers=key)
                assert answer.status_code == 422, answer.text
                answers.append(answer.text)

    search(env, logged.getvalue(), answers, Searched())


def test_a8_a_card_number_in_a_header_or_an_address_is_nowhere_afterwards(env: Environment, logged: StringIO) -> None:
    answers = list[str]()
    for spelling in map(SPELLINGS.__getitem__, FEW):
        headers = {
            name: spelling.encode()
            for name in ("User-Agent", "Referer", "Accept-Language", "X-Forwarded-For", "Cookie", "X-Request-Id")
        }
        if spelling.isascii():
            headers["Idempotency-Key"] = spelling.encode()
        plain = {name.encode(): value for name, value in headers.items()}
        log_in = {"email": "jane@example.org", "password": PASSWORD}
        signed_in = env.api.run(env.api.http.post("/api/auth/login", json=log_in, headers=plain))
        assert signed_in.status_code == 200
        named = {**plain, b"Authorization": f"Bearer {env.jane.token}".encode()}
        for operation in operations():
            if "{" not in operation.path and not operation.is_paged:
                continue
            path = operation.path_with(quote(spelling, safe="")) if "{" in operation.path else operation.path
            how: dict[str, Any] = {"json": operation.good_body()} if operation.takes_body else {}
            answer = env.api.run(
                env.api.http.request(
                    operation.method, path, params={"before": spelling, "limit": spelling}, headers=named, **how
                )
            )
            assert answer.status_code in {404, 422}, (operation, answer.text)
            answers.append(answer.text)
    invalid(env.jane.put("/api/v1/user", json={"name": DIGITS}), "name")

    search(env, logged.getvalue(), answers, Searched())


def test_a8_what_only_has_digits_in_it_is_let_in(env: Environment) -> None:
    """Ids, phone numbers, times and numbers of orders are no card numbers."""
    for name in ("Jane 2nd", "Studio 54 1/2", "R2-D2 1977", "4242 4242 4242 4241", "12345678901234567890"):
        assert env.jane.put("/api/v1/user", json={"name": name}).status_code == 200
    url = "https://shop.example/done?order=1699999999999&at=2023-11-06T08:30:09.166789Z&n=12345678901234567890"
    body = {"paymentMethod": "pm_card_visa", "returnUrl": url}
    assert env.jane.post("/api/users/current/verify-payment", json=body).status_code == 200
    answer = env.jane.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_1NvLmw2eZvKYlo2CT0wNSyhB"})
    assert invalid(answer, "paymentMethod") == {"paymentMethod": ["No such payment method."]}
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.109 Safari/537.36"
    log_in = {"email": "jane@example.org", "password": PASSWORD}
    env.api.post("/api/auth/login", json=log_in, headers={"User-Agent": agent})
    assert agent in [each["user_agent"] for each in env.jane.get("/api/auth/sessions").json()]


NO_IDS: Final = (
    *("tok_visa", "cus_1", "pi_1", "seti_1", "4242", "visa", "_x", "x_", "1pm_x", "pm-x", "pm_x/../y", "pm_"),
    *("PM_x\u00e9", "sk_test_x", "pm_1_secret_x"),
)


def test_a8_what_is_no_payment_methods_id_never_reaches_stripe(env: Environment) -> None:
    asked = len(env.stripe.asked)

    for each in NO_IDS:
        invalid(env.jane.post("/api/users/current/verify-payment", json={"paymentMethod": each}), "paymentMethod")

    new = [text for text in env.stripe.asked[asked:] if text]
    assert not [each for each in NO_IDS if any(each in text for text in new)]


def test_a8_what_people_write_to_each_other_is_theirs(env: Environment) -> None:
    path = f"/api/v1/accounts/{env.ids['/accounts/{id}']}/interactions"

    assert env.jane.post(path, json={"body": f"Use {DIGITS}."}).status_code == 201

    assert env.jane.get(path).json()["data"][0]["body"] == f"Use {DIGITS}."
