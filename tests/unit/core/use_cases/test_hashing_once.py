"""A3: what one request hashes, verifies and counts, however often its unit of work starts over.

One table for all use cases that hash. They are called over a store that conflicts, with a hasher and limits that count.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
import pytest
from tests.conflicting import ConflictingStore
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Environment, signed_up

from accounts_core import Accounts, BlockingAccounts, MailDispatch, Policy
from accounts_core.container import Ports
from accounts_core.errors import Conflict, InvalidCredentials, RateLimitExceeded, WrongPassword
from accounts_core.facade import methods
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.passwords import Password
from accounts_core.model.rate_limits import PASSWORD_CHANGE, RECOVERY, SIGN_IN, SIGN_UP, RateLimit, in_every_scope
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash
from accounts_core.services.idempotency import IdempotentAnswer
from accounts_core.services.retry import ATTEMPTS
from accounts_memory import MemoryRateLimiter, PlainHasher

JANE, NEW = "jane@example.org", "new@example.org"
CLIENT = "2001:db8:0:1::7"
NETWORK = "2001:db8:0:1::9"
HOUR: Final = timedelta(hours=1)
Core = BlockingAccounts[Any]


class RecordingLimits(MemoryRateLimiter):
    """Notes the name of each attempt and the scopes that it counts in."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: list[tuple[str, frozenset[str]]] = []

    async def consume(self, name: str, scopes: Mapping[str, RateLimit], *, now: datetime) -> None:
        await super().consume(name, scopes, now=now)
        self.counted.append((name, frozenset(scopes)))


@attrs.frozen
class Stage:
    """Jane, who has signed in twice, over a store that can conflict once something was hashed."""

    env: Environment
    store: ConflictingStore
    limits: RecordingLimits
    accounts: Core
    token: str
    session: Any

    def strict(self, name: str) -> Core:
        """Return the same with a limit of one."""
        return self.accounts_with(Policy(limits=in_every_scope({name: RateLimit(1, HOUR)})))

    def accounts_with(self, policy: Policy) -> Core:
        env = self.env
        return BlockingAccounts(
            mail_dispatch=MailDispatch.WORKER,
            store=self.store,
            payments=env.gateway,
            passwords=env.hasher,
            mailer=env.mailer,
            clock=env.clock,
            secrets=env.secrets,
            policy=policy,
            limits=self.limits,
        )

    def reset_counts(self) -> None:
        hasher = self.env.hasher
        hasher.hashed = hasher.verified = 0
        hasher.requesters.clear()
        self.limits.counted.clear()


@pytest.fixture
def stage(env: Environment) -> Stage:
    plain = env.accounts()
    signed_up(plain, env, JANE, "Jane Doe")
    signed_in = [plain.sign_in(email=JANE, password=PASSWORD) for _ in range(2)][-1]
    plain.forgot_password(email=JANE)
    plain.run_due()
    token = env.mailer.delivered[-1].values["token"]
    hasher = env.hasher
    store = ConflictingStore(env.store, lambda: hasher.hashed + hasher.verified > 0)
    accounts: Any = None
    stage = Stage(env, store, RecordingLimits(), accounts, token, signed_in.session)
    stage = attrs.evolve(stage, accounts=stage.accounts_with(Policy()))
    stage.reset_counts()
    return stage


@attrs.frozen
class Case:
    """A use case, how much it hashes and verifies, and the limit that stops it before it does."""

    call: Callable[[Stage, Core], object]
    hashes: int
    verifies: int
    limit: str
    email: str = JANE
    retries: bool = True


def update(stage: Stage, accounts: Core, **wish: Any) -> object:
    return accounts.update_profile(stage.session.user_id, client=CLIENT, **wish)


def recent(stage: Stage) -> datetime:
    return stage.env.clock.now()


CASES: Final[Mapping[str, Case]] = {
    "register": Case(
        lambda s, a: a.register(email=NEW, password=PASSWORD, name="New", client=CLIENT), 1, 0, SIGN_UP, NEW
    ),
    "request_account": Case(
        lambda s, a: a.request_account(email=NEW, password=PASSWORD, name="New", client=CLIENT),
        1,
        0,
        SIGN_UP,
        NEW,
        retries=False,
    ),
    "sign_in": Case(lambda s, a: a.sign_in(email=JANE, password=PASSWORD, client=CLIENT), 0, 1, SIGN_IN),
    "restore": Case(lambda s, a: a.restore(email=JANE, password=PASSWORD, client=CLIENT), 0, 1, SIGN_IN),
    "reset_password": Case(
        lambda s, a: a.reset_password(token=s.token, password=OTHER_PASSWORD, client=CLIENT), 1, 0, RECOVERY
    ),
    "update_profile, a new password by a recent sign-in": Case(
        lambda s, a: update(s, a, new_password=OTHER_PASSWORD, signed_in_at=recent(s)), 1, 0, PASSWORD_CHANGE
    ),
    "update_profile, a new password by the present one": Case(
        lambda s, a: update(s, a, new_password=OTHER_PASSWORD, current_password=PASSWORD), 1, 1, PASSWORD_CHANGE
    ),
    "update_profile, a new address by the present password": Case(
        lambda s, a: update(s, a, email=NEW, current_password=PASSWORD), 0, 1, SIGN_IN
    ),
    "delete_user": Case(lambda s, a: a.delete_user(s.session.user_id, password=PASSWORD, client=CLIENT), 0, 1, SIGN_IN),
    "end_sessions": Case(
        lambda s, a: a.end_sessions(s.session, current_password=PASSWORD, client=CLIENT), 0, 1, SIGN_IN
    ),
}

cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@cases
@pytest.mark.parametrize("conflicts", [0, 1, ATTEMPTS - 1])
def test_a3_one_request_hashes_and_counts_once_however_often_it_conflicts(
    stage: Stage, case: Case, conflicts: int
) -> None:
    stage.store.conflicts = conflicts if case.retries else 0

    case.call(stage, stage.accounts)

    assert stage.store.conflicts == 0
    hasher = stage.env.hasher
    assert (hasher.hashed, hasher.verified) == (case.hashes, case.verifies)
    assert set(Counter(stage.limits.counted).values()) == {1}


@cases
def test_a3_a_request_that_loses_every_time_has_hashed_once_as_well(stage: Stage, case: Case) -> None:
    stage.store.conflicts = ATTEMPTS

    with pytest.raises(Conflict):
        case.call(stage, stage.accounts)

    hasher = stage.env.hasher
    assert (hasher.hashed, hasher.verified) == (case.hashes, case.verifies)
    assert set(Counter(stage.limits.counted).values()) == {1}


@cases
def test_a3_over_the_limit_nothing_is_hashed(stage: Stage, case: Case) -> None:
    """U02: counted first, hashed afterwards. The first request loses every race, so that it changes nothing."""
    accounts = stage.strict(case.limit)
    stage.store.conflicts = ATTEMPTS
    with pytest.raises(Conflict):
        case.call(stage, accounts)
    stage.store.conflicts = 0
    stage.reset_counts()

    with pytest.raises(RateLimitExceeded):
        case.call(stage, accounts)

    hasher = stage.env.hasher
    assert (hasher.hashed, hasher.verified) == (0, 0)


@cases
def test_a3_the_hasher_is_told_on_whose_behalf(stage: Stage, case: Case) -> None:
    """The account is the address that is named, the client its IPv4 address or IPv6 network."""
    case.call(stage, stage.accounts)

    assert set(stage.env.hasher.requesters) == {Requester.of(EmailAddress(case.email), NETWORK)}


def test_a3_an_address_that_nobody_has_is_told_to_the_hasher_as_any_other_is(stage: Stage) -> None:
    with pytest.raises(InvalidCredentials):
        stage.accounts.sign_in(email="nobody@example.org", password=PASSWORD, client=CLIENT)

    assert stage.env.hasher.requesters == [Requester.of(EmailAddress("nobody@example.org"), NETWORK)]


def test_without_a_client_there_is_the_account_alone(stage: Stage) -> None:
    stage.accounts.sign_in(email=JANE, password=PASSWORD)

    assert stage.env.hasher.requesters == [Requester(account=JANE)]
    assert Requester(account=JANE).keys == (f"account:{JANE}",)


@pytest.mark.parametrize("name", ["sign_in", "restore"])
def test_a3_a_hash_under_older_parameters_is_made_anew_once(stage: Stage, name: str) -> None:
    stage.env.hasher.generation += 1
    stage.store.conflicts = ATTEMPTS - 1

    CASES[name].call(stage, stage.accounts)

    assert (stage.env.hasher.hashed, stage.env.hasher.verified) == (1, 1)
    assert set(stage.env.hasher.requesters) == {Requester.of(EmailAddress(JANE), NETWORK)}


def test_a3_a_password_that_changed_meanwhile_is_verified_against_the_new_hash(stage: Stage) -> None:
    """What was found out holds for the stored hash that it was found out of, and for no other."""
    env = stage.env
    plain, user_id = env.accounts(), stage.session.user_id

    class Meddling(PlainHasher):
        async def verify(
            self, hash: PasswordHash | None, password: Password, *, requester: Requester | None = None
        ) -> bool:
            is_right = await super().verify(hash, password)
            if self.verified == 1:
                plain.update_profile(user_id, new_password=OTHER_PASSWORD, signed_in_at=env.clock.now())
            return is_right

    env = attrs.evolve(env, hasher=Meddling())

    with pytest.raises(WrongPassword):
        env.accounts().delete_user(user_id, password=PASSWORD, client=CLIENT)
    assert env.hasher.verified == 2


def test_a3_a_request_with_a_key_hashes_and_counts_once_however_often_it_conflicts(stage: Stage) -> None:
    """As the HTTP service does it: the claim counts as a write, and starting over counts as nothing."""
    stage.store.conflicts = 0
    accounts = stage.accounts.for_one_request()

    async def perform(store: Any) -> IdempotentAnswer:
        inner: Accounts[Any] = Accounts(**{**_ports_of(accounts), "store": store})
        await inner.update_profile(
            stage.session.user_id, new_password=OTHER_PASSWORD, signed_in_at=stage.env.clock.now(), client=CLIENT
        )
        stage.store.conflicts = max(0, 5 - len(performed))
        performed.append(store)
        return IdempotentAnswer(answer=b"done", is_final=True, took_effect=True)

    performed: list[object] = []
    accounts.run_idempotent(stage.session.user_id, scope=b"s" * 32, fingerprint=b"f" * 32, perform=perform)

    assert len(performed) == 6
    assert stage.env.hasher.hashed == 1
    assert Counter(name for name, _ in stage.limits.counted) == {"write": 1, PASSWORD_CHANGE: 1}


def test_every_use_case_that_hashes_does_so_once_for_a_request() -> None:
    hasher: Any = object()
    none: dict[str, Any] = dict.fromkeys(("store", "payments", "mailer", "clock", "secrets", "limits"))
    accounts: Accounts[Any] = Accounts(**none, passwords=hasher, mail_dispatch=MailDispatch.WORKER)
    found = methods(Accounts)

    assert found
    for name, cls in found.items():
        built_for_each_call = not inspect.ismethod(inspect.unwrap(getattr(accounts, name)))
        assert built_for_each_call == _holds(accounts.build(cls), hasher), name


def _ports_of(accounts: Any) -> dict[str, Any]:
    return {str(field.alias): getattr(accounts, field.name) for field in attrs.fields(Ports) if field.init}


def _holds(part: Any, wanted: object) -> bool:
    if part is wanted:
        return True
    if not attrs.has(type(part)) or isinstance(part, Policy):
        return False
    return any(_holds(getattr(part, field.name), wanted) for field in attrs.fields(type(part)))
