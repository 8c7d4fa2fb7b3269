"""The service that is fuzzed: people with one of everything, brought back as they were before each case.

A case meets the same environment whatever came before it, so that what it found is found again from it alone.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

import attrs
from tests.customers import CUSTOMER
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client, Run
from tests.integration.http.service import START, Clock, Dump, Service, Stored, serving
from tests.integration.http.stripe_events import checking

from accounts_core.ports.mailer import MailKind
from accounts_core.ports.rate_limiter import RateLimiter
from accounts_litestar import HttpOptions
from accounts_memory import SequenceSecrets
from accounts_memory.stripe_cards import TEST_CARDS

JANE, JOHN, DAVE, GUEST = "jane@example.org", "john@example.org", "dave@example.org", "guest@example.org"
KEYS = ("key-1", "key-2")
PROFILES: Sequence[Any] = (
    {"company": "B\u00fccher & S\u00f6hne", "seats": 2},
    {"address": {"city": "Graz", "zip": None}, "vat_id": "ATU1"},
    {"company": "a\0b", "seats": 2**70, "vip": {"deep": [[[[[[[[[[1]]]]]]]]]]}},
    {"company": "4242 4242 4242 4242"},
    {"company": "x" * 5_000},
    {"address": {"street\u2028": 1}, "seats": 1e300},
    {f"member-{number}": number for number in range(500)},
    {},
    None,
)

OPTIONS = HttpOptions(webhook=checking(Clock(START)))


class Rewound:
    """Secrets that go back to where they began, so that the same case makes the same ids."""

    def __init__(self) -> None:
        self.go_back(0)

    def go_back(self, seed: int) -> None:
        self._sequence = SequenceSecrets(seed)

    def random_bytes(self, count: int) -> bytes:
        return self._sequence.random_bytes(count)


@attrs.frozen(kw_only=True)
class Environment:
    """Jane owns a team that John is in and a guest is invited to, is in one of his, and is invited to another.

    Dave is deactivated.

    `ids` has the ids that are there by place in a path; `words` what fits into a field, by its name.
    """

    service: Service
    jane: Client
    john: Client
    ids: Mapping[str, Sequence[Any]]
    words: Mapping[str, Sequence[Any]]
    rows: Dump
    """All that is in the store."""
    bring_back: Callable[[], None]
    """Makes everything what it was when the environment was made."""


@contextmanager
def env_on(run: Run, stored: Stored, *, limits: RateLimiter | None = None) -> Iterator[Environment]:
    """Serve over an empty store, and have people do one of everything."""
    secrets = Rewound()
    with serving(run, stored, options=OPTIONS, limits=limits, secrets=secrets, profile_type=CUSTOMER) as service:
        yield _populated(service, secrets)


def _populated(service: Service, secrets: Rewound) -> Environment:
    api = service.api
    john, jane = api.sign_up(JOHN, "John Smith"), api.sign_up(JANE)
    api.sign_up(DAVE, "Dave Roe").put("/api/users/current/deactivate")
    service.work()
    api.post("/api/auth/register", json={"email": DAVE, "password": OTHER_PASSWORD, "name": "Dave Doe"})
    tokens = [str(service.mailed(MailKind.VERIFY_EMAIL)["token"])]
    service.verify_email(JANE)
    ours, his, others = _team(jane, "Dev team"), _team(john, "Ops team"), _team(john, "Design team")
    _invite(john, his, JANE)
    jane.post(f"/api/v1/user/invitations/{_first(jane, '/api/v1/user/invitations')['id']}/accept")
    _invite(john, others, JANE)
    tokens.append(str(service.mailed(MailKind.VERIFY_EMAIL)["token"]))
    service.verify_email(JOHN)
    _invite(jane, ours, JOHN)
    john.post(f"/api/v1/user/invitations/{_first(john, '/api/v1/user/invitations')['id']}/accept")
    _invite(jane, ours, GUEST)
    for card in ("pm_card_visa", "pm_card_mastercard", "pm_card_threeDSecure2Required"):
        jane.post("/api/users/current/verify-payment", json={"paymentMethod": card})
    cards = [card["id"] for card in jane.get("/api/users/current/list-payment-methods").json()["data"]]
    jane.put("/api/v1/user", json={"email": "moved@example.org", "current_password": PASSWORD})
    tokens.append(str(service.mailed(MailKind.VERIFY_EMAIL)["token"]))
    api.post("/api/auth/forgot-password", json={"email": JANE})
    tokens.append(str(service.mailed(MailKind.RESET_PASSWORD)["token"]))
    api.sign_in(JANE)
    service.work()
    users = [jane.user["id"], john.user["id"]]
    notifications = [each["_id"] for each in jane.get("/api/users/current/notifications").json()]
    invitations = [each["id"] for each in jane.get("/api/v1/user/invitations").json()["data"]]
    interactions = [each["id"] for each in jane.get(f"/api/v1/accounts/{ours}/interactions").json()["data"]]
    sent = [each["id"] for each in jane.get(f"/api/v1/accounts/{ours}/invitations").json()["data"]]
    sessions = jane.get("/api/auth/sessions").json()
    assert len(cards) == 2
    assert notifications
    assert invitations
    assert sent
    return Environment(
        service=service,
        jane=jane,
        john=john,
        ids={
            "/accounts/{id}": [ours, his, others],
            "/members/{user_id}": users,
            "/payment-method/{id}": cards,
            "/notifications/{id}": notifications,
            "/invitations/{id}": invitations,
            "/invitations/{invitation_id}": sent,
            "/sessions/{id}": [each["id"] for each in sorted(sessions, key=itemgetter("is_current"))],
        },
        words={
            "email": [JANE, JOHN, DAVE, GUEST, "new@example.org"],
            "password": [PASSWORD, PASSWORD, OTHER_PASSWORD],
            "password_confirmation": [OTHER_PASSWORD],
            "current_password": [PASSWORD],
            "oldPassword": [PASSWORD],
            "newPassword": [OTHER_PASSWORD],
            "paymentMethod": [*TEST_CARDS, *cards],
            "returnUrl": ["https://app.example.org/cards"],
            "token": tokens,
            "user_id": users,
            "locale": ["de-AT", "zh-hant", "", None],
            "time_zone": (zones := ["Europe/Vienna", "Asia/Calcutta", "", None]),
            "timeZone": zones,
            "profile": PROFILES,
            "before": [*users, ours, *notifications, *invitations, *sent, *interactions],
            "Idempotency-Key": KEYS,
        },
        rows=service.dump(),
        bring_back=_keep(service, secrets),
    )


def _team(owner: Client, name: str) -> int:
    team: int = owner.post("/api/v1/accounts", json={"name": name}).json()["data"]["id"]
    owner.post(f"/api/v1/accounts/{team}/interactions", json={"body": "Hello."})
    return team


def _invite(owner: Client, team: int, email: str) -> None:
    assert owner.post(f"/api/v1/accounts/{team}/invitations", json={"email": email}).status_code == 202


def _first(client: Client, path: str) -> Any:
    return client.get(path).json()["data"][0]


def _keep(service: Service, secrets: Rewound) -> Callable[[], None]:
    bring_rows_back = service.stored.keep()
    now = service.clock.now()
    provider, calls = service.payments._provider, service.payments._calls
    kept = [(part, _copied(vars(part))) for part in (provider, calls)]
    mails = list(service.mails.delivered)

    def bring_back() -> None:
        bring_rows_back()
        service.clock._now = now
        for part, fields in kept:
            vars(part).update(_copied(fields))
        service.mails.delivered[:] = mails
        secrets.go_back(1)

    bring_back()
    return bring_back


def _copied(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Copy what a part holds: its collections, of things that never change, and nothing that it shares."""
    return {name: copy.copy(value) for name, value in fields.items() if isinstance(value, dict | list | set)}
