"""A verification that stopped somewhere is finished by a worker alone, without a second hold and without the person."""

from datetime import timedelta

import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import run_sync
from accounts_core.errors import ProviderAmbiguous, ProviderBusy
from accounts_core.model import CardPolicy, OutboxJob, User
from accounts_core.model.events import CardRejected, CardVerified
from accounts_core.model.jobs import DeleteCustomerJob, VerifyCardJob
from accounts_core.outbox.worker import WorkerRun
from accounts_core.ports.payment_gateway import HoldStatus
from accounts_core.services.card_calls import SETTLED_AFTER
from accounts_core.services.outbox_writer import LEASE
from accounts_core.testing.builders import a_job

STEPS = ["create_customer", "hold", "release", "attach", "retrieve_payment_method"]
KEYS_ARE_FORGOTTEN = timedelta(hours=25)
KEYED_STEPS = ["create_customer", "hold", "release", "attach"]


def asked(env: Environment) -> list[str]:
    return [method for method, _ in env.gateway.calls]


def lose(accounts: Core, user: User, env: Environment, step: str, *, token: str = "pm_card_visa") -> None:
    """Start a verification, whose answer is lost at this step, and wait until nobody drives it any more."""
    env.gateway.fail_next(step, ProviderAmbiguous(), after=True)
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(user.id, payment_method=token)
    env.clock.advance(LEASE)


def run_until_idle(accounts: Core, env: Environment) -> None:
    """Run a worker, moving time on to whatever is due next, until nothing is left."""
    for _ in range(100):
        waiting = [job.due for job in accounts.list_outbox() if job.dead_lettered_at is None]
        if not waiting:
            return
        env.clock.advance(max(min(waiting) - env.clock.now(), timedelta(0)))
        accounts.run_due()
    raise AssertionError(accounts.list_outbox())


@pytest.mark.parametrize("after", [False, True], ids=["request lost", "answer lost"])
@pytest.mark.parametrize("step", STEPS)
def test_whatever_is_lost_the_worker_finishes_alone(
    accounts: Core, jane: User, env: Environment, step: str, after: bool
) -> None:
    env.gateway.fail_next(step, ProviderAmbiguous(), after=after)
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    env.clock.advance(LEASE)

    assert accounts.run_due() == WorkerRun(done=1)
    assert len(accounts.list_payment_methods(jane.id)) == 1
    assert len(env.events.of(CardVerified)) == 1
    assert len(env.gateway.holds) == 1
    assert env.gateway.open_holds() == []
    assert accounts.list_outbox() == []


def test_a_provider_that_is_away_for_hours_is_waited_for(accounts: Core, jane: User, env: Environment) -> None:
    lose(accounts, jane, env, "hold")
    for _ in range(12):
        env.gateway.fail_next("hold", ProviderBusy("away"))

    run_until_idle(accounts, env)

    assert len(accounts.list_payment_methods(jane.id)) == 1
    assert len(env.gateway.holds) == 1


def test_a_challenge_that_nobody_answers_is_given_up_and_its_hold_cancelled(
    accounts: Core, jane: User, env: Environment
) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_threeDSecure2Required")
    env.clock.advance(LEASE)

    assert accounts.run_due() == WorkerRun(done=1)
    assert len(env.gateway.open_holds()) == 1

    env.clock.advance(CardPolicy().challenge_limit - LEASE - timedelta(seconds=1))

    assert accounts.run_due() == WorkerRun()

    env.wait(seconds=1)

    assert accounts.run_due() == WorkerRun(done=1)
    assert [hold.status for hold in env.gateway.holds.values()] == [HoldStatus.RELEASED]
    assert [event.outcome for event in env.events.heard if isinstance(event, CardRejected)] == ["abandoned"]
    assert accounts.list_outbox() == []


def test_a_challenge_that_was_answered_is_finished_by_the_worker(accounts: Core, jane: User, env: Environment) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_threeDSecure2Required")
    (hold,) = env.gateway.open_holds()
    assert hold.id is not None
    env.gateway.authenticate(hold.id)
    env.clock.advance(LEASE)

    assert accounts.run_due() == WorkerRun(done=1)
    assert len(accounts.list_payment_methods(jane.id)) == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_user_deleted_in_mid_verification_leaves_neither_hold_nor_customer(
    accounts: Core, jane: User, env: Environment, step: str
) -> None:
    lose(accounts, jane, env, step)

    accounts.delete_user(jane.id, password=PASSWORD)
    run_until_idle(accounts, env)

    assert env.gateway.open_holds() == []
    assert run_sync(env.gateway.find_customer(jane.hex_id)) is None
    if "release" in asked(env):
        assert asked(env).index("release") < asked(env).index("delete_customer")


def test_a_customer_is_not_deleted_before_the_last_hold_is_let_go(accounts: Core, jane: User, env: Environment) -> None:
    lose(accounts, jane, env, "hold")
    accounts.delete_user(jane.id, password=PASSWORD)
    (deletion,) = (job for job in accounts.list_outbox() if job.topic == DeleteCustomerJob.topic)
    (verification,) = (job for job in accounts.list_outbox() if job.topic == VerifyCardJob.topic)
    postpone(env, verification, until=timedelta(hours=1))
    accounts.retry_job(deletion.id)

    assert accounts.run_due() == WorkerRun(rescheduled=1)
    assert run_sync(env.gateway.find_customer(jane.hex_id)) is not None
    assert "delete_customer" not in asked(env)


def postpone(env: Environment, job: OutboxJob, *, until: timedelta) -> None:
    async def replace() -> None:
        async with env.store.begin() as work:
            await work.outbox.delete(job.id)
            await work.outbox.add(a_job(job.id, payload=job.payload, due=env.clock.now() + until))

    run_sync(replace())


# ---- keys that do not help


@pytest.mark.parametrize("step", KEYED_STEPS)
def test_a_failure_that_the_provider_keeps_is_settled_by_looking_up(
    accounts: Core, jane: User, env: Environment, step: str
) -> None:
    env.gateway.fail_next(step, ProviderAmbiguous(replays=True), replayed=True)

    accounts.verify_card(jane.id, payment_method="pm_card_visa")

    assert len(accounts.list_payment_methods(jane.id)) == 1
    assert len(env.gateway.holds) == 1
    assert asked(env).count("hold") == 1
    assert asked(env).count("create_customer") == 1
    assert env.gateway.open_holds() == []


def test_a_kept_failure_without_a_hold_ends_the_verification_and_asks_for_no_second_one(
    accounts: Core, jane: User, env: Environment
) -> None:
    for _ in range(20):
        env.gateway.fail_next("hold", ProviderAmbiguous(replays=True))
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    env.clock.advance(SETTLED_AFTER - timedelta(seconds=1))

    assert accounts.run_due() == WorkerRun(rescheduled=1)

    run_until_idle(accounts, env)

    assert env.gateway.holds == {}
    assert len(accounts.list_payment_methods(jane.id)) == 0
    assert [event.code for event in env.events.heard if isinstance(event, CardRejected)] == ["provider_failed"]


def test_a_hold_whose_key_is_forgotten_is_looked_up(accounts: Core, jane: User, env: Environment) -> None:
    lose(accounts, jane, env, "hold")
    env.clock.advance(KEYS_ARE_FORGOTTEN)

    accounts.run_due()

    assert asked(env).count("hold") == 1
    assert asked(env).count("find_hold") == 1
    assert len(env.gateway.holds) == 1
    assert len(accounts.list_payment_methods(jane.id)) == 1


def test_a_customer_whose_key_is_forgotten_is_looked_up(accounts: Core, jane: User, env: Environment) -> None:
    lose(accounts, jane, env, "create_customer")
    env.clock.advance(KEYS_ARE_FORGOTTEN)

    accounts.run_due()

    assert asked(env).count("create_customer") == 1
    assert len(accounts.list_payment_methods(jane.id)) == 1


def test_a_hold_that_was_never_made_is_asked_for_after_its_key_is_forgotten(
    accounts: Core, jane: User, env: Environment
) -> None:
    env.gateway.fail_next("hold", ProviderAmbiguous())
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    env.clock.advance(KEYS_ARE_FORGOTTEN)

    accounts.run_due()

    assert len(env.gateway.holds) == 1
    assert len(accounts.list_payment_methods(jane.id)) == 1
