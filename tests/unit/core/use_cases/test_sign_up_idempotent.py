"""F11: a sign-up under a key is done once: what it writes and its answer come together or not at all."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment
from tests.unit.core.use_cases.test_run_idempotent import Died

from accounts_core import Policy
from accounts_core.errors import Conflict, EmailTaken, Invalid, KeyReused, NeedsCommit, RateLimitExceeded, Unavailable
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import KEPT_FOR, MAX_ANSWER_BYTES
from accounts_core.model.passwords import Password
from accounts_core.model.secret_values import PasswordHash
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store
from accounts_core.services.idempotency import IdempotentAnswer, IdempotentResult
from accounts_memory import MemoryRateLimiter

SCOPE, EMAIL = b"s" * 32, "jane@example.org"


class SigningUp:
    """Signs Jane up, and counts how often it was asked to."""

    def __init__(self, accounts: Core, answer: bytes = b"signed up") -> None:
        self.accounts, self.answer = accounts, answer
        self.password = PASSWORD
        self.times = 0

    async def __call__(self, store: Store[Any], passwords: PasswordHasher) -> IdempotentAnswer:
        self.times += 1
        at = self.accounts.on(store, passwords=passwords)
        if at.policy.private_registration:
            at.request_account(email=EMAIL, password=self.password, name="Jane Doe")
            return IdempotentAnswer(answer=self.answer, is_final=True, took_effect=True)
        user = at.register(email=EMAIL, password=self.password, name="Jane Doe")
        return IdempotentAnswer(answer=self.answer, is_final=True, took_effect=True, user_id=user.id)


def once(
    accounts: Core, perform: SigningUp, *, plain: bytes = b"Jane Doe", password: str = PASSWORD
) -> IdempotentResult:
    perform.password = password
    return accounts.sign_up_idempotent(
        scope=SCOPE, email=EmailAddress(EMAIL), plain=plain, password=password, perform=perform
    )


@pytest.fixture(params=[False, True], ids=["open", "private"])
def accounts(request: pytest.FixtureRequest, env: Environment) -> Core:
    return env.accounts(Policy(private_registration=request.param))


def written(env: Environment) -> tuple[int, int, int]:
    state = env.store._state
    return len(state.users.rows), len(state.jobs.rows), len(state.idempotency_records.rows)


def test_a_repeat_is_answered_without_being_performed(accounts: Core, env: Environment) -> None:
    perform = SigningUp(accounts)

    assert once(accounts, perform) == IdempotentResult(answer=b"signed up", is_replayed=False)
    before = written(env)
    assert once(accounts, perform) == IdempotentResult(answer=b"signed up", is_replayed=True)

    assert perform.times == 1
    assert written(env) == before


def test_another_body_or_password_is_refused(accounts: Core) -> None:
    once(accounts, SigningUp(accounts))

    for other in ({"plain": b"Jane Roe"}, {"password": OTHER_PASSWORD}):
        with pytest.raises(KeyReused):
            once(accounts, SigningUp(accounts), **other)


def test_a_password_is_the_same_however_its_letters_are_composed(accounts: Core) -> None:
    once(accounts, SigningUp(accounts), password="a quiet and long riv\u00e9r")

    assert once(accounts, SigningUp(accounts), password="a quiet and long rive\u0301r").is_replayed


@pytest.mark.parametrize("error", [Died(), Unavailable("away"), Invalid("name", "No."), EmailTaken(EMAIL)])
def test_whatever_breaks_it_leaves_nothing_and_the_repeat_performs_it(
    accounts: Core, env: Environment, error: BaseException
) -> None:
    class Breaking(SigningUp):
        async def __call__(self, store: Store[Any], passwords: PasswordHasher) -> IdempotentAnswer:
            await super().__call__(store, passwords)
            raise error

    with pytest.raises(type(error)):
        once(accounts, Breaking(accounts))

    assert written(env) == (0, 0, 0)
    assert not once(accounts, SigningUp(accounts)).is_replayed


@pytest.mark.parametrize("other", [b"Jane Doe", b"Jane Roe"])
def test_of_two_at_once_one_is_performed_and_the_other_finds_its_answer(
    accounts: Core, env: Environment, other: bytes
) -> None:
    class Overtaken(SigningUp):
        async def __call__(self, store: Store[Any], passwords: PasswordHasher) -> IdempotentAnswer:
            if self.times == 0:
                once(accounts, SigningUp(accounts, b"by the other"), plain=other)
            return await super().__call__(store, passwords)

    late = Overtaken(accounts, b"late")
    if other == b"Jane Doe":
        assert once(accounts, late) == IdempotentResult(answer=b"by the other", is_replayed=True)
    else:
        with pytest.raises(KeyReused):
            once(accounts, late)

    assert written(env) == (0 if accounts.policy.private_registration else 1, 1, 1)


def test_an_address_that_was_taken_by_the_very_request_is_answered_as_the_request(accounts: Core) -> None:
    """A database says so at the insertion, before anybody looks at the key again."""

    class Overtaken(SigningUp):
        async def __call__(self, store: Store[Any], passwords: PasswordHasher) -> IdempotentAnswer:
            once(accounts, SigningUp(accounts, b"by the other"))
            raise EmailTaken(EMAIL)

    assert once(accounts, Overtaken(accounts)) == IdempotentResult(answer=b"by the other", is_replayed=True)


def test_a_race_that_is_lost_is_run_again_with_the_same_hash(accounts: Core, env: Environment) -> None:
    class Losing(SigningUp):
        hashes: tuple[PasswordHash, ...] = ()

        async def __call__(self, store: Store[Any], passwords: PasswordHasher) -> IdempotentAnswer:
            answered = await super().__call__(store, passwords)
            self.hashes += (await passwords.hash(Password(PASSWORD)),)
            if self.times < 3:
                raise Conflict("Somebody else was first.")
            return answered

    losing = Losing(accounts)
    once(accounts, losing)

    assert (len(losing.hashes), len(set(losing.hashes))) == (3, 1)
    with pytest.raises(KeyReused):
        once(accounts, SigningUp(accounts), password=OTHER_PASSWORD)


def test_after_a_day_the_key_is_free(accounts: Core, env: Environment) -> None:
    once(accounts, SigningUp(accounts))
    env.clock.advance(KEPT_FOR)

    if accounts.policy.private_registration:
        assert not once(accounts, SigningUp(accounts), plain=b"Jane Roe").is_replayed
        assert once(accounts, SigningUp(accounts), plain=b"Jane Roe").is_replayed
    else:
        with pytest.raises(EmailTaken):
            once(accounts, SigningUp(accounts))


def test_guesses_at_the_password_are_counted_for_the_account_and_end_nobodys_failures(
    accounts: Core, env: Environment
) -> None:
    limited = env.accounts(accounts.policy, MemoryRateLimiter())
    once(limited, SigningUp(limited))

    outcomes = []
    for number in range(31):
        try:
            once(limited, SigningUp(limited), password=f"a guess, with the number {number}")
        except (KeyReused, RateLimitExceeded) as error:
            outcomes.append(type(error))

    assert outcomes == [KeyReused] * 30 + [RateLimitExceeded]
    env.clock.advance(timedelta(hours=1))
    assert once(limited, SigningUp(limited)).is_replayed


def test_an_answer_that_is_too_large_is_no_sign_up(accounts: Core, env: Environment) -> None:
    with pytest.raises(Exception, match="at most"):
        once(accounts, SigningUp(accounts, bytes(MAX_ANSWER_BYTES + 1)))

    assert written(env) == (0, 0, 0)


def test_on_a_store_that_rides_in_a_hosts_transaction_it_is_refused(accounts: Core, env: Environment) -> None:
    class Riding:
        commits = False

    riding: Any = Riding()
    with pytest.raises(NeedsCommit):
        once(accounts.on(riding), SigningUp(accounts))


def test_a_refusal_because_of_the_very_request_is_not_the_answer(accounts: Core) -> None:
    """It was sent twice, and the first one took the address: the second one is answered as the first was."""

    class Refused(SigningUp):
        async def __call__(self, store: Store[Any], passwords: PasswordHasher) -> IdempotentAnswer:
            once(accounts, SigningUp(accounts, b"by the other"))
            return IdempotentAnswer(answer=b"taken", is_final=False, took_effect=True)

    assert once(accounts, Refused(accounts)) == IdempotentResult(answer=b"by the other", is_replayed=True)
