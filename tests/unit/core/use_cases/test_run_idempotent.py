"""A request under a key is performed once: effect and answer come together or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
from tests.unit.core.conftest import NOBODY, Core, Environment

from accounts_core import run_sync
from accounts_core.errors import Conflict, KeyReused, NotFound, RequestInProgress, Unavailable
from accounts_core.model import User
from accounts_core.model.idempotency import CLAIMED_FOR, KEPT_FOR, IdempotencyRecord
from accounts_core.ports.store import Store
from accounts_core.services.idempotency import IdempotentAnswer, IdempotentResult

SCOPE, BODY = b"s" * 32, b"f" * 32


class Renaming:
    """Renames Jane, and counts how often it was asked to."""

    def __init__(self, accounts: Core, jane: User, **answered: Any) -> None:
        self.accounts, self.jane = accounts, jane
        self.times = 0
        self.conflicts = 0
        self.answered = {"answer": b"renamed", "is_final": True, "took_effect": True, **answered}

    async def __call__(self, store: Store[Any]) -> IdempotentAnswer:
        self.times += 1
        self.accounts.on(store).update_profile(self.jane.id, name=f"Jane {self.times}")
        if self.times <= self.conflicts:
            raise Conflict("Somebody else was first.")
        return IdempotentAnswer(**self.answered)


def once(
    accounts: Core, jane: User, perform: Any, *, fingerprint: bytes = BODY, in_single_unit: bool = True
) -> IdempotentResult:
    return accounts.run_idempotent(
        jane.id, scope=SCOPE, fingerprint=fingerprint, perform=perform, in_single_unit=in_single_unit
    )


@pytest.mark.parametrize("in_single_unit", [True, False])
def test_a_repeat_is_answered_without_being_performed(accounts: Core, jane: User, in_single_unit: bool) -> None:
    renaming = Renaming(accounts, jane)

    first = once(accounts, jane, renaming, in_single_unit=in_single_unit)
    again = once(accounts, jane, renaming, in_single_unit=in_single_unit)

    assert first == IdempotentResult(answer=b"renamed", is_replayed=False)
    assert again == IdempotentResult(answer=b"renamed", is_replayed=True)
    assert (renaming.times, accounts.profile(jane.id).name) == (1, "Jane 1")


def test_another_request_under_the_same_key_is_refused(accounts: Core, jane: User) -> None:
    once(accounts, jane, Renaming(accounts, jane))

    with pytest.raises(KeyReused):
        once(accounts, jane, Renaming(accounts, jane), fingerprint=b"g" * 32)


def test_what_has_no_effect_leaves_none_and_its_answer_is_kept(accounts: Core, jane: User) -> None:
    renaming = Renaming(accounts, jane, took_effect=False, answer=b"refused")

    assert once(accounts, jane, renaming).answer == b"refused"
    assert once(accounts, jane, renaming).is_replayed
    assert accounts.profile(jane.id).name == "Jane Doe"


def test_an_answer_that_is_not_final_is_not_kept(accounts: Core, jane: User) -> None:
    renaming = Renaming(accounts, jane, is_final=False)

    once(accounts, jane, renaming)

    assert not once(accounts, jane, renaming).is_replayed
    assert renaming.times == 2


def test_a_failure_leaves_neither_effect_nor_claim(accounts: Core, jane: User) -> None:
    class Failing(Renaming):
        async def __call__(self, store: Store[Any]) -> IdempotentAnswer:
            await super().__call__(store)
            raise NotFound("thing")

    with pytest.raises(NotFound):
        once(accounts, jane, Failing(accounts, jane))

    assert accounts.profile(jane.id).name == "Jane Doe"
    assert once(accounts, jane, Renaming(accounts, jane)).answer == b"renamed"


def test_a_race_that_is_lost_is_run_again(accounts: Core, jane: User) -> None:
    renaming = Renaming(accounts, jane)
    renaming.conflicts = 2

    once(accounts, jane, renaming)

    assert (renaming.times, accounts.profile(jane.id).name) == (3, "Jane 3")


class Died(BaseException):
    pass


def test_a_crash_leaves_nothing_and_the_repeat_performs_it_when_the_claim_has_run_out(
    accounts: Core, jane: User, env: Environment
) -> None:
    class Dying(Renaming):
        async def __call__(self, store: Store[Any]) -> IdempotentAnswer:
            await super().__call__(store)
            raise Died

    with pytest.raises(Died):
        once(accounts, jane, Dying(accounts, jane))

    assert accounts.profile(jane.id).name == "Jane Doe"
    with pytest.raises(RequestInProgress):
        once(accounts, jane, Renaming(accounts, jane))
    env.clock.advance(CLAIMED_FOR)
    assert once(accounts, jane, Renaming(accounts, jane)).answer == b"renamed"


class LosingWord:
    """A store that commits its second unit without saying so: the claim's is the first."""

    commits = True

    def __init__(self, store: Store[Any]) -> None:
        self.store = store
        self.units = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        self.units += 1
        is_lost = self.units == 2
        async with self.store.begin() as work:
            yield work
        if is_lost:
            raise Unavailable("The connection broke during the commit.")

    def rate_limiter(self) -> Any:
        return self.store.rate_limiter()

    def reader(self) -> Any:
        return self.store.reader()

    def joined(self, transaction: object) -> Any:
        return self.store.joined(transaction)


@pytest.mark.parametrize("in_single_unit", [True, False])
def test_when_word_of_the_commit_is_lost_the_repeat_finds_the_answer(
    accounts: Core, jane: User, env: Environment, in_single_unit: bool
) -> None:
    class Marking(Renaming):
        async def __call__(self, store: Store[Any]) -> IdempotentAnswer:
            self.times += 1
            return IdempotentAnswer(answer=b"done", is_final=True, took_effect=True)

    marking = Marking(accounts, jane)
    with pytest.raises(Unavailable):
        once(accounts.on(LosingWord(env.store)), jane, marking, in_single_unit=in_single_unit)

    assert once(accounts, jane, marking) == IdempotentResult(answer=b"done", is_replayed=True)
    assert marking.times == 1


def test_whoever_lost_the_claim_meanwhile_writes_nothing(accounts: Core, jane: User, env: Environment) -> None:
    class Slow(Renaming):
        async def __call__(self, store: Store[Any]) -> IdempotentAnswer:
            env.clock.advance(CLAIMED_FOR)
            once(accounts, jane, Renaming(accounts, jane, answer=b"by the other"))
            return await super().__call__(store)

    slow = Slow(accounts, jane, answer=b"late")
    with pytest.raises((Conflict, RequestInProgress)):
        once(accounts, jane, slow)

    assert accounts.profile(jane.id).name == "Jane 1"
    assert once(accounts, jane, slow).answer == b"by the other"


def test_after_a_day_the_key_is_free(accounts: Core, jane: User, env: Environment) -> None:
    once(accounts, jane, Renaming(accounts, jane))
    env.clock.advance(KEPT_FOR)

    assert not once(accounts, jane, Renaming(accounts, jane), fingerprint=b"g" * 32).is_replayed


def test_effects_outside_wait_for_the_worker(accounts: Core, jane: User, env: Environment) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_visa")
    (card,) = accounts.list_payment_methods(jane.id)

    async def remove(store: Store[Any]) -> IdempotentAnswer:
        accounts.on(store).remove_payment_method(jane.id, card.id)
        return IdempotentAnswer(answer=b"", is_final=True, took_effect=True)

    once(accounts, jane, remove)

    assert run_sync(env.gateway.retrieve_payment_method(card.id)).customer_id is not None
    accounts.run_due()
    assert run_sync(env.gateway.retrieve_payment_method(card.id)).customer_id is None


def test_nobody_performs_nothing(accounts: Core, jane: User) -> None:
    with pytest.raises(NotFound):
        accounts.run_idempotent(NOBODY, scope=SCOPE, fingerprint=BODY, perform=Renaming(accounts, jane))


class LateAnswer:
    """A store whose first unit finds a request as it was a moment ago: unanswered, under a claim that ran out."""

    commits = True

    def __init__(self, store: Store[Any], stale: IdempotencyRecord) -> None:
        self.store = store
        self.stale: list[IdempotencyRecord] = [stale]

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with self.store.begin() as work:
            if self.stale:
                stale = self.stale.pop()

                async def find(_: bytes) -> IdempotencyRecord:
                    return stale

                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(work.idempotency, "find", find)
                    yield work
            else:
                yield work

    def rate_limiter(self) -> Any:
        return self.store.rate_limiter()

    def reader(self) -> Any:
        return self.store.reader()

    def joined(self, transaction: object) -> Any:
        return self.store.joined(transaction)


def test_u17_an_answer_that_comes_while_its_claim_is_taken_over_is_given_and_not_thrown_away(
    accounts: Core, jane: User, env: Environment
) -> None:
    renaming = Renaming(accounts, jane)
    once(accounts, jane, renaming)

    async def kept() -> IdempotencyRecord:
        async with env.store.begin() as work:
            request = await work.idempotency.find(SCOPE)
            assert request is not None
            return request

    env.clock.advance(CLAIMED_FOR)
    stale = attrs.evolve(run_sync(kept()), answer=None)
    late = accounts.on(LateAnswer(env.store, stale))

    assert once(late, jane, renaming) == IdempotentResult(answer=b"renamed", is_replayed=True)
    assert renaming.times == 1
