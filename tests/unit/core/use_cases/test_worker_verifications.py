"""A verification that stopped somewhere is finished by a worker alone, without a second hold and without the person."""

from datetime import timedelta

import pytest
from tests.unit.core.conftest import PASSWORD, Core, World

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


def asked(world: World) -> list[str]:
    return [method for method, _ in world.gateway.calls]


def lose(accounts: Core, user: User, world: World, step: str, *, token: str = "pm_card_visa") -> None:
    """Start a verification, whose answer is lost at this step, and wait until nobody drives it any more."""
    world.gateway.fail_next(step, ProviderAmbiguous(), after=True)
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(user.id, payment_method=token)
    world.clock.advance(LEASE)


def run_until_idle(accounts: Core, world: World) -> None:
    """Run a worker, moving time on to whatever is due next, until nothing is left."""
    for _ in range(100):
        waiting = [job.due for job in accounts.list_outbox() if job.dead_lettered_at is None]
        if not waiting:
            return
        world.clock.advance(max(min(waiting) - world.clock.now(), timedelta(0)))
        accounts.run_due()
    raise AssertionError(accounts.list_outbox())


@pytest.mark.parametrize("after", [False, True], ids=["request lost", "answer lost"])
@pytest.mark.parametrize("step", STEPS)
def test_whatever_is_lost_the_worker_finishes_alone(
    accounts: Core, jane: User, world: World, step: str, after: bool
) -> None:
    world.gateway.fail_next(step, ProviderAmbiguous(), after=after)
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    world.clock.advance(LEASE)

    assert accounts.run_due() == WorkerRun(done=1)
    assert len(accounts.list_payment_methods(jane.id)) == 1
    assert len(world.events.of(CardVerified)) == 1
    assert len(world.gateway.holds) == 1
    assert world.gateway.open_holds() == []
    assert accounts.list_outbox() == []


def test_a_provider_that_is_away_for_hours_is_waited_for(accounts: Core, jane: User, world: World) -> None:
    lose(accounts, jane, world, "hold")
    for _ in range(12):
        world.gateway.fail_next("hold", ProviderBusy("away"))

    run_until_idle(accounts, world)

    assert len(accounts.list_payment_methods(jane.id)) == 1
    assert len(world.gateway.holds) == 1


def test_a_challenge_that_nobody_answers_is_given_up_and_its_hold_cancelled(
    accounts: Core, jane: User, world: World
) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_threeDSecure2Required")
    world.clock.advance(LEASE)

    assert accounts.run_due() == WorkerRun(done=1)
    assert len(world.gateway.open_holds()) == 1

    world.clock.advance(CardPolicy().challenge_limit - LEASE - timedelta(seconds=1))

    assert accounts.run_due() == WorkerRun()

    world.wait(seconds=1)

    assert accounts.run_due() == WorkerRun(done=1)
    assert [hold.status for hold in world.gateway.holds.values()] == [HoldStatus.RELEASED]
    assert [event.outcome for event in world.events.heard if isinstance(event, CardRejected)] == ["abandoned"]
    assert accounts.list_outbox() == []


def test_a_challenge_that_was_answered_is_finished_by_the_worker(accounts: Core, jane: User, world: World) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_threeDSecure2Required")
    (hold,) = world.gateway.open_holds()
    assert hold.id is not None
    world.gateway.authenticate(hold.id)
    world.clock.advance(LEASE)

    assert accounts.run_due() == WorkerRun(done=1)
    assert len(accounts.list_payment_methods(jane.id)) == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_user_deleted_in_mid_verification_leaves_neither_hold_nor_customer(
    accounts: Core, jane: User, world: World, step: str
) -> None:
    lose(accounts, jane, world, step)

    accounts.delete_user(jane.id, password=PASSWORD)
    run_until_idle(accounts, world)

    assert world.gateway.open_holds() == []
    assert run_sync(world.gateway.find_customer(jane.hex_id)) is None
    if "release" in asked(world):
        assert asked(world).index("release") < asked(world).index("delete_customer")


def test_a_customer_is_not_deleted_before_the_last_hold_is_let_go(accounts: Core, jane: User, world: World) -> None:
    lose(accounts, jane, world, "hold")
    accounts.delete_user(jane.id, password=PASSWORD)
    (deletion,) = (job for job in accounts.list_outbox() if job.topic == DeleteCustomerJob.topic)
    (verification,) = (job for job in accounts.list_outbox() if job.topic == VerifyCardJob.topic)
    postpone(world, verification, until=timedelta(hours=1))
    accounts.retry_job(deletion.id)

    assert accounts.run_due() == WorkerRun(rescheduled=1)
    assert run_sync(world.gateway.find_customer(jane.hex_id)) is not None
    assert "delete_customer" not in asked(world)


def postpone(world: World, job: OutboxJob, *, until: timedelta) -> None:
    async def replace() -> None:
        async with world.store.begin() as work:
            await work.outbox.delete(job.id)
            await work.outbox.add(a_job(job.id, payload=job.payload, due=world.clock.now() + until))

    run_sync(replace())


# ---- keys that do not help


@pytest.mark.parametrize("step", KEYED_STEPS)
def test_a_failure_that_the_provider_keeps_is_settled_by_looking_up(
    accounts: Core, jane: User, world: World, step: str
) -> None:
    world.gateway.fail_next(step, ProviderAmbiguous(replays=True), replayed=True)

    accounts.verify_card(jane.id, payment_method="pm_card_visa")

    assert len(accounts.list_payment_methods(jane.id)) == 1
    assert len(world.gateway.holds) == 1
    assert asked(world).count("hold") == 1
    assert asked(world).count("create_customer") == 1
    assert world.gateway.open_holds() == []


def test_a_kept_failure_without_a_hold_ends_the_verification_and_asks_for_no_second_one(
    accounts: Core, jane: User, world: World
) -> None:
    for _ in range(20):
        world.gateway.fail_next("hold", ProviderAmbiguous(replays=True))
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    world.clock.advance(SETTLED_AFTER - timedelta(seconds=1))

    assert accounts.run_due() == WorkerRun(rescheduled=1)

    run_until_idle(accounts, world)

    assert world.gateway.holds == {}
    assert len(accounts.list_payment_methods(jane.id)) == 0
    assert [event.code for event in world.events.heard if isinstance(event, CardRejected)] == ["provider_failed"]


def test_a_hold_whose_key_is_forgotten_is_looked_up(accounts: Core, jane: User, world: World) -> None:
    lose(accounts, jane, world, "hold")
    world.clock.advance(KEYS_ARE_FORGOTTEN)

    accounts.run_due()

    assert asked(world).count("hold") == 1
    assert asked(world).count("find_hold") == 1
    assert len(world.gateway.holds) == 1
    assert len(accounts.list_payment_methods(jane.id)) == 1


def test_a_customer_whose_key_is_forgotten_is_looked_up(accounts: Core, jane: User, world: World) -> None:
    lose(accounts, jane, world, "create_customer")
    world.clock.advance(KEYS_ARE_FORGOTTEN)

    accounts.run_due()

    assert asked(world).count("create_customer") == 1
    assert len(accounts.list_payment_methods(jane.id)) == 1


def test_a_hold_that_was_never_made_is_asked_for_after_its_key_is_forgotten(
    accounts: Core, jane: User, world: World
) -> None:
    world.gateway.fail_next("hold", ProviderAmbiguous())
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    world.clock.advance(KEYS_ARE_FORGOTTEN)

    accounts.run_due()

    assert len(world.gateway.holds) == 1
    assert len(accounts.list_payment_methods(jane.id)) == 1
