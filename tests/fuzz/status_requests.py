"""A request for each status that a call has in the document, as random input causes some of them seldom or never.

Requests are found by status, and where calls differ, by call. Nothing is left out: a status that cannot be caused does
not belong in the document.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, Final

import attrs
import httpx
from tests.fuzz.environment import DAVE, JANE, Environment, env_on
from tests.integration.http.client import JSON, PASSWORD, Client
from tests.integration.http.openapi import Operation
from tests.integration.http.service import START, AnyStore, event_loop, in_memory, serving
from tests.integration.http.stripe_events import an_event, signature

from accounts_core.errors import Conflict, RateLimitExceeded, Unavailable
from accounts_core.model.policy import Policy
from accounts_core.model.rate_limits import RateLimit
from accounts_core.ports.rate_limiter import RateLimiter
from accounts_core.ports.store import Reader, UnitOfWork

TOO_LARGE: Final = b"x" * (1024 * 1024 + 1)


class Troubled:
    """A store to which something happens: to its units, and unless `only_units`, to its reads."""

    commits = True

    def __init__(self, store: AnyStore) -> None:
        self._store = store
        self.trouble: Exception | None = None
        self.only_units = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        if self.trouble is not None:
            raise self.trouble
        async with self._store.begin() as work:
            yield work

    def rate_limiter(self) -> RateLimiter:
        return self._store.rate_limiter()

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        if self.trouble is not None and not self.only_units:
            raise self.trouble
        async with self._store.reader() as reader:
            yield reader

    def joined(self, transaction: object) -> AnyStore:
        return self._store.joined(transaction)


class Sluice:
    """Limits that let everything through until they are full."""

    def __init__(self) -> None:
        self.is_full = False

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: Any) -> None:
        if self.is_full:
            raise RateLimitExceeded(name, timedelta(minutes=1))

    async def reset(self, name: str, scope: str) -> None:
        """Nothing is remembered."""

    async def count_expired(self, *, now: Any) -> int:
        return 0

    async def delete_expired(self, *, now: Any, limit: int) -> int:
        return 0


@attrs.frozen(kw_only=True)
class Stage:
    """An environment in which everything can go wrong, and somebody in one in which registration is private."""

    env: Environment
    private: Client
    store: Troubled
    limits: Sluice

    def set_up(self) -> None:
        """Make everything what it was."""
        self.store.trouble, self.store.only_units, self.limits.is_full = None, False, False
        self.env.bring_back()


@contextmanager
def a_stage() -> Iterator[Stage]:
    stored, limits = in_memory(), Sluice()
    store = Troubled(stored.store)
    policy = Policy(private_registration=True)
    with (
        event_loop() as run,
        env_on(run, attrs.evolve(stored, store=store), limits=limits) as env,
        serving(run, in_memory(), policy=policy) as private,
    ):
        yield Stage(env=env, private=private.api, store=store, limits=limits)


@attrs.frozen(kw_only=True)
class Call:
    """One call as it is done right, to be changed in one respect."""

    stage: Stage
    operation: Operation
    who: Client
    body: Mapping[str, Any]
    path: str

    @property
    def name(self) -> str:
        return str(self.operation.spec["operationId"])

    def send(self, **how: Any) -> httpx.Response:
        if self.operation.takes_any_bytes and not how:
            event = an_event("cus_1", id="evt_1")
            how = {"content": event, "headers": {"stripe-signature": signature(event, START), "content-type": JSON}}
        elif self.body and "content" not in how:
            how["json"] = self.body
        return self.who.call(self.operation.method, self.path, **how)

    def but(self, **changes: Any) -> "Call":
        return attrs.evolve(self, **changes)


Send = Callable[[Call], httpx.Response]


def the_call(stage: Stage, operation: Operation) -> Call:
    """Return the call as it is done right."""
    env = stage.env
    words = {
        "email": JANE if operation.spec["operationId"] in {"login", "restore"} else "new@example.org",
        "password": PASSWORD,
        "paymentMethod": "pm_card_visa",
        "token": env.words["token"][-1 if operation.spec["operationId"] == "resetPassword" else -2],
        "user_id": env.john.user["id"],
    }
    ids = {place: ids[0] for place, ids in env.ids.items()}
    return Call(
        stage=stage,
        operation=operation,
        who=env.jane if operation.needs_token else env.service.api,
        body={name: words.get(name, "something") for name in (*operation.required, *_needed(operation))},
        path=operation.path_with({**ids, "/members/{user_id}": env.john.user["id"]}),
    )


def _needed(operation: Operation) -> tuple[str, ...]:
    """Return the fields that a call needs as this person makes it, though the document has them optional."""
    return ("password",) if operation.spec["operationId"] == "verifyEmail" else ()


def _unreadable(call: Call) -> httpx.Response:
    if call.operation.takes_any_bytes:
        return call.send(content=b"{}")
    if call.operation.takes_body:
        return call.send(content=b"{", headers={"content-type": JSON})
    # a proxy and a service that go by different ones of two see two requests
    headers = [("host", "accounts.test"), ("host", "elsewhere.test")]
    return call.who.run(call.who.http.request(call.operation.method, call.path, headers=headers))


def _unproven(call: Call) -> httpx.Response:
    if call.operation.needs_token:
        return call.but(who=call.stage.env.service.api).send()
    return call.but(body={"email": JANE, "password": "not this one, I fear"}).send()


def _declined(call: Call) -> httpx.Response:
    return call.but(body={"paymentMethod": "pm_card_chargeDeclined"}).send()


def _forbidden(call: Call) -> httpx.Response:
    env = call.stage.env
    match call.name:
        case "login":
            return call.but(body={"email": DAVE, "password": PASSWORD}).send()
        case "removeMember":  # the owner, who cannot leave
            owner = f"/members/{env.jane.user['id']}"
            return call.but(path=call.path.replace(f"/members/{env.john.user['id']}", owner)).send()
        case (
            "deleteAccount"
            | "handOverAccount"
            | "renameAccount"
            | "invite"
            | "listAccountInvitations"
            | "resendInvitation"
            | "revokeInvitation"
        ):
            return call.but(who=env.john).send()
        case "verifyEmail":  # the right password of a deactivated account
            return call.but(body={"token": env.words["token"][0], "password": PASSWORD}).send()
        case _:  # what a sign-in of a while ago does not prove
            env.service.clock.pass_by(minutes=16)
            moves = call.name in {"updateCurrentUser", "updateUser"}
            return call.but(body={"email": "elsewhere@example.org"} if moves else {}).send()


def _unknown(call: Call) -> httpx.Response:
    if call.name == "retrieveCustomer":  # John has verified no card
        return call.but(who=call.stage.env.john).send()
    return call.but(path=call.operation.path_with("nope")).send()


def _beaten(call: Call) -> httpx.Response:
    """Somebody else is first, as often as it is tried."""
    if call.name == "retrieveCustomer":  # which writes only what is new
        env = call.stage.env
        env.service.payments.set_balance(env.jane.get(call.path).json()["id"], 700)
    call.stage.store.trouble, call.stage.store.only_units = Conflict("Somebody else was first."), True
    return call.send()


def _taken(call: Call) -> httpx.Response:
    return call.but(body={**call.body, "email": JANE}).send()


def _too_large(call: Call) -> httpx.Response:
    return call.send(content=TOO_LARGE, headers={"content-type": JSON})


def _strange(call: Call) -> httpx.Response:
    return call.send(content=b"{}", headers={"content-type": "text/plain"})


def _against_the_rules(call: Call) -> httpx.Response:
    if call.operation.is_paged:
        return call.send(params={"limit": 0})
    return call.send(content=json.dumps({**call.body, "unknown": 1}).encode(), headers={"content-type": JSON})


def _too_often(call: Call) -> httpx.Response:
    call.stage.limits.is_full = True
    proof = {"updateCurrentUser": "oldPassword", "updateUser": "current_password"}.get(call.name, "current_password")
    proven = proof in call.operation.fields
    call = call.but(body={**call.body, proof: PASSWORD} if proven else call.body)
    # where the call itself is not counted, the claim of its key is
    keyed = any(each["name"] == "Idempotency-Key" for each in call.operation.spec.get("parameters", []))
    return call.send(headers={"idempotency-key": "too often"}) if keyed else call.send()


def _broken(call: Call) -> httpx.Response:
    call.stage.store.trouble = RuntimeError("Nobody has thought of this.")
    return call.send()


def _away(call: Call) -> httpx.Response:
    call.stage.store.trouble = Unavailable("The database is away.")
    return call.send()


def _privately(call: Call) -> httpx.Response:
    return call.but(who=call.stage.private).send()


BY_STATUS: Final[Mapping[int, Send]] = {
    200: Call.send,
    201: Call.send,
    202: Call.send,
    204: Call.send,
    400: _unreadable,
    401: _unproven,
    402: _declined,
    403: _forbidden,
    404: _unknown,
    409: _beaten,
    413: _too_large,
    415: _strange,
    422: _against_the_rules,
    429: _too_often,
    500: _broken,
    503: _away,
}


def answers_of(stage: Stage, operation: Operation) -> Iterator[httpx.Response]:
    """Send every request to this call, whether or not the document has its status."""
    requests = [*dict.fromkeys(BY_STATUS.values())]
    if operation.spec["operationId"] == "register":
        requests += [_privately, _taken]
    for send in requests:
        stage.set_up()
        yield send(the_call(stage, operation))
    stage.set_up()
