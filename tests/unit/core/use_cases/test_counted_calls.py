"""U02, U07, L11: every call that counts, in every scope: over the limit nothing is hashed or written.

The table is checked against `DEFAULT_RATE_LIMITS`: a scope that no call here fills fails a test, and so does a call of
the facade that hashes a password and is not here.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import attrs
import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment, signed_up

from accounts_core import Accounts, Policy
from accounts_core.container import is_built_of
from accounts_core.errors import RateLimitExceeded
from accounts_core.facade import methods
from accounts_core.model import User
from accounts_core.model.passwords import Password
from accounts_core.model.rate_limits import (
    ACCOUNT,
    ALL,
    CARD,
    CLIENT,
    DEFAULT_RATE_LIMITS,
    EXPORT,
    INTERACTION,
    INVITE,
    MAIL,
    PASSWORD_CHANGE,
    RECIPIENT,
    RECIPIENT_DAY,
    RECOVERY,
    SIGN_IN,
    SIGN_UP,
    USER,
    VERIFY_CARD,
    WRITE,
    RateLimit,
)
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.ports.mailer import MailKind
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.sync import run_sync
from accounts_memory import MemoryRateLimiter, PlainHasher

JANE, FREE, CLIENT_ADDRESS = "jane@example.org", "free@example.org", "192.0.2.7"
ONCE: Final = RateLimit(1, timedelta(hours=1))


class CountingHasher(PlainHasher):
    """Counts every piece of work with a password, whatever came of it."""

    work = 0

    async def hash(self, password: Password, *, requester: Requester | None = None) -> PasswordHash:
        self.work += 1
        return await super().hash(password, requester=requester)

    async def verify(
        self, hash: PasswordHash | None, password: Password, *, requester: Requester | None = None
    ) -> bool:
        self.work += 1
        return await super().verify(hash, password, requester=requester)


@attrs.frozen(kw_only=True)
class Stage:
    """Jane, who has a team and a mailed token of each kind, and accounts in which nothing was counted yet."""

    env: Environment
    jane: User
    team: Any
    reset_token: str
    verify_token: str
    hasher: CountingHasher
    limits: MemoryRateLimiter
    policy: Policy

    @property
    def accounts(self) -> Core:
        env = attrs.evolve(self.env, hasher=self.hasher)
        return env.accounts(self.policy, self.limits)


Call = Callable[[Core, Stage], object]

CALLS: Final[Mapping[str, Call]] = {
    "sign_in": lambda a, s: a.sign_in(email=JANE, password=PASSWORD, client=CLIENT_ADDRESS),
    "restore": lambda a, s: a.restore(email=JANE, password=PASSWORD, client=CLIENT_ADDRESS),
    "register": lambda a, s: a.register(email=FREE, password=PASSWORD, name="N", client=CLIENT_ADDRESS),
    "request_account": lambda a, s: a.request_account(email=FREE, password=PASSWORD, name="N", client=CLIENT_ADDRESS),
    "forgot_password": lambda a, s: a.forgot_password(email=JANE, client=CLIENT_ADDRESS),
    "resend_verification": lambda a, s: a.resend_verification(s.jane.id, client=CLIENT_ADDRESS),
    "reset_password": lambda a, s: a.reset_password(
        token=s.reset_token, password=OTHER_PASSWORD, client=CLIENT_ADDRESS
    ),
    "verify_email": lambda a, s: a.verify_email(token=s.verify_token, password=PASSWORD, client=CLIENT_ADDRESS),
    "delete_user": lambda a, s: a.delete_user(s.jane.id, password=PASSWORD, client=CLIENT_ADDRESS),
    "update_profile, password": lambda a, s: a.update_profile(
        s.jane.id, new_password=OTHER_PASSWORD, current_password=PASSWORD, client=CLIENT_ADDRESS
    ),
    "update_profile, email": lambda a, s: a.update_profile(
        s.jane.id, email=FREE, current_password=PASSWORD, client=CLIENT_ADDRESS
    ),
    "update_profile, name": lambda a, s: a.update_profile(s.jane.id, name="Janet"),
    "verify_card": lambda a, s: a.verify_card(s.jane.id, payment_method="pm_card_visa", client=CLIENT_ADDRESS),
    "invite_to_team": lambda a, s: a.invite_to_team(s.jane.id, s.team, email=FREE),
    "write_interaction": lambda a, s: a.write_interaction(s.jane.id, s.team, body="Hello."),
    "export_personal_data": lambda a, s: a.export_personal_data(s.jane.id),
    "create_team": lambda a, s: a.create_team(s.jane.id, name="Another"),
    "mark_all_notifications_read": lambda a, s: a.mark_all_notifications_read(s.jane.id),
}

HASHED_BEFORE: Final[Mapping[tuple[str, str], int]] = {
    ("update_profile, email", RECOVERY): 1,
    ("update_profile, email", MAIL): 1,
}
"""The present password is checked before a mail to the new address is counted: a stolen token mails nobody."""


def subjects(stage: Stage) -> Mapping[str, str]:
    return {CLIENT: CLIENT_ADDRESS, USER: str(stage.jane.id), ALL: ""}


COUNTED: Final = [
    # call, limit, scope, whose: an address where it is one's
    *[
        (call, SIGN_IN, scope, JANE)
        for call in ("sign_in", "restore", "verify_email")
        for scope in (CLIENT, ACCOUNT, ALL)
    ],
    *[(call, SIGN_IN, ACCOUNT, JANE) for call in ("delete_user", "update_profile, password", "update_profile, email")],
    *[(call, SIGN_UP, scope, "") for call in ("register", "request_account") for scope in (CLIENT, ALL)],
    *[("forgot_password", RECOVERY, scope, JANE) for scope in (CLIENT, ACCOUNT, ALL)],
    *[("resend_verification", RECOVERY, scope, JANE) for scope in (CLIENT, ACCOUNT, ALL)],
    *[("update_profile, email", RECOVERY, scope, FREE) for scope in (CLIENT, ACCOUNT, ALL)],
    *[(call, RECOVERY, scope, "") for call in ("reset_password", "verify_email") for scope in (CLIENT, ALL)],
    *[("resend_verification", MAIL, scope, JANE) for scope in (RECIPIENT, RECIPIENT_DAY)],
    *[("update_profile, email", MAIL, scope, FREE) for scope in (RECIPIENT, RECIPIENT_DAY)],
    *[("update_profile, password", PASSWORD_CHANGE, scope, "") for scope in (CLIENT, USER)],
    *[("verify_card", VERIFY_CARD, scope, "") for scope in (CLIENT, USER)],
    ("invite_to_team", INVITE, USER, ""),
    ("write_interaction", INTERACTION, USER, ""),
    ("export_personal_data", EXPORT, USER, ""),
    *[
        (call, WRITE, USER, "")
        for call in (
            "create_team",
            "mark_all_notifications_read",
            "update_profile, name",
            "update_profile, email",
            "verify_card",
        )
    ],
]


@pytest.fixture
def stage(env: Environment, accounts: Core) -> Stage:
    jane = signed_up(accounts, env, JANE, "Jane Doe")
    team = accounts.create_team(jane.id, name="Dev team").team.id
    accounts.resend_verification(jane.id)
    accounts.forgot_password(email=JANE)
    accounts.run_due()
    tokens = {mail.kind: mail.values["token"] for mail in env.mailer.delivered}
    return Stage(
        env=env,
        jane=jane,
        team=team,
        reset_token=tokens[MailKind.RESET_PASSWORD],
        verify_token=tokens[MailKind.VERIFY_EMAIL],
        hasher=CountingHasher(),
        limits=MemoryRateLimiter(),
        policy=Policy(),
    )


def with_limit(stage: Stage, name: str, scope: str) -> Stage:
    return attrs.evolve(stage, policy=Policy(limits={name: {scope: ONCE}}))


def fill(stage: Stage, name: str, scope: str, whose: str) -> None:
    """Count one attempt in this scope alone, which is all that it takes."""
    subject = subjects(stage).get(scope, whose)
    run_sync(stage.limits.consume(name, {f"{scope}:{subject}": ONCE}, now=stage.env.clock.now()))


@pytest.mark.parametrize(("call", "name", "scope", "whose"), COUNTED, ids=lambda value: str(value) or "-")
def test_over_its_limit_a_call_is_refused_before_anything_is_hashed_or_written(
    stage: Stage, call: str, name: str, scope: str, whose: str
) -> None:
    stage = with_limit(stage, name, scope)
    fill(stage, name, scope, whose)
    before = stage.env.store._state

    with pytest.raises(RateLimitExceeded) as refused:
        CALLS[call](stage.accounts, stage)

    assert refused.value.name == name
    assert {each.partition(":")[0] for each in refused.value.full} == {scope}
    assert stage.hasher.work == HASHED_BEFORE.get((call, name), 0)
    assert stage.env.store._state == before
    assert not stage.env.gateway.open_holds()


@pytest.mark.parametrize(("call", "name", "scope", "whose"), COUNTED, ids=lambda value: str(value) or "-")
def test_within_its_limit_the_same_call_is_let_through_once(
    stage: Stage, call: str, name: str, scope: str, whose: str
) -> None:
    stage = with_limit(stage, name, scope)
    CALLS[call](stage.accounts, stage)

    with pytest.raises(RateLimitExceeded):
        run_sync(
            stage.limits.consume(
                name, {f"{scope}:{subjects(stage).get(scope, whose)}": ONCE}, now=stage.env.clock.now()
            )
        )


def test_the_limits_of_others_are_no_matter(stage: Stage) -> None:
    """What the table fills is what decides: another subject of the same scope lets everything through."""
    for name, scopes in DEFAULT_RATE_LIMITS.items():
        for scope in scopes:
            if scope != ALL:
                run_sync(stage.limits.consume(name, {f"{scope}:somebody else": ONCE}, now=stage.env.clock.now()))
    for call in ("sign_in", "forgot_password", "update_profile, email"):
        CALLS[call](stage.accounts, stage)


def test_every_scope_of_every_limit_is_filled_by_a_call_here() -> None:
    """The card's scope has tests of its own (`test_card_testing.py`): its fingerprint is the provider's to tell."""
    told = {(name, scope) for _, name, scope, _ in COUNTED}

    assert told | {(VERIFY_CARD, CARD)} == {
        (name, scope) for name in DEFAULT_RATE_LIMITS for scope in DEFAULT_RATE_LIMITS[name]
    }


def test_every_call_that_hashes_is_here() -> None:
    """A use case hashes where it is built of a hasher."""
    hashing = {name for name, cls in methods(Accounts).items() if is_built_of(cls, PasswordHasher)}
    with_tests_of_their_own = {"end_sessions", "sign_up_idempotent"}

    assert hashing - with_tests_of_their_own <= {name.partition(",")[0] for name in CALLS}


@pytest.mark.parametrize("count", [5])
def test_u07_mails_of_a_profile_change_count_for_the_address_that_is_mailed(stage: Stage, count: int) -> None:
    """With the limits as they come: five mails an hour to an address, whatever asks for them."""
    victim = "victim@example.org"
    for _ in range(count):
        stage.accounts.forgot_password(email=victim)

    with pytest.raises(RateLimitExceeded):
        stage.accounts.update_profile(stage.jane.id, email=victim, current_password=PASSWORD)


def test_u07_and_the_other_way_round(stage: Stage) -> None:
    accounts, victim = stage.accounts, "victim@example.org"
    for number in range(5):
        accounts.update_profile(stage.jane.id, email=victim, current_password=PASSWORD)
        accounts.update_profile(stage.jane.id, email=f"own{number}@example.org", current_password=PASSWORD)

    with pytest.raises(RateLimitExceeded):
        accounts.forgot_password(email=victim)
    accounts.forgot_password(email=JANE)
