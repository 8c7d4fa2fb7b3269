"""How long a client waits for a verification, and what goes on without it."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.integration.http.client import Client, Run, problem
from tests.integration.http.service import Clock, Service, in_memory, serving

from accounts_core.ports.payment_gateway import Hold, HoldRequest
from accounts_litestar import HttpOptions
from accounts_memory import MemoryGateway
from accounts_system import SystemSecrets

VERIFY = "/api/users/current/verify-payment"
WISH = {"json": {"paymentMethod": "pm_card_visa"}}


class SlowGateway(MemoryGateway):
    """A provider that answers when it is told to."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, SystemSecrets())
        self.answers = asyncio.Event()
        self.asked = asyncio.Event()

    async def hold(self, request: HoldRequest, *, key: str) -> Hold:
        self.asked.set()
        await self.answers.wait()
        return await super().hold(request, key=key)


@pytest.fixture
def seconds() -> float:
    """How long a client waits."""
    return 0.4


@pytest.fixture
def slow(run: Run, seconds: float) -> Iterator[tuple[Service, SlowGateway]]:
    options = HttpOptions(verification_seconds=seconds, shutdown_seconds=0.2)
    made: list[SlowGateway] = []

    def provider(clock: Clock) -> MemoryGateway:
        made.append(SlowGateway(clock))
        return made[0]

    with serving(run, in_memory(), options=options, payments=provider) as service:
        yield service, made[0]


def cards(client: Client) -> int:
    return len(client.get("/api/users/current/list-payment-methods").json()["data"])


def test_a_slow_provider_is_not_waited_for_and_the_work_goes_on(slow: tuple[Service, SlowGateway], run: Run) -> None:
    service, provider = slow
    jane = service.api.sign_up()

    answer = jane.post(VERIFY, **WISH)

    problem(answer, 503, "still-verifying")
    assert answer.headers["retry-after"] == "5"
    assert cards(jane) == 0

    provider.answers.set()
    run(asyncio.sleep(0.05))

    assert cards(jane) == 1
    assert len(provider.holds) == 1
    assert provider.open_holds() == []


def test_while_the_provider_hangs_other_people_are_answered(slow: tuple[Service, SlowGateway], run: Run) -> None:
    service, provider = slow
    jane, john = service.api.sign_up(), service.api.sign_up("john@example.org")

    async def reads_meanwhile() -> list[int]:
        waiting = asyncio.create_task(jane.request("POST", VERIFY, **WISH))
        await provider.asked.wait()
        reads = [await john.request("GET", "/api/users/current") for _ in range(50)]
        assert not waiting.done()
        provider.answers.set()
        return [(await waiting).status_code, *(read.status_code for read in reads)]

    assert run(reads_meanwhile()) == [200] * 51


def test_a_client_that_goes_away_does_not_stop_the_work(slow: tuple[Service, SlowGateway], run: Run) -> None:
    service, provider = slow
    jane = service.api.sign_up()

    async def leave() -> None:
        call = asyncio.create_task(jane.request("POST", VERIFY, **WISH))
        await provider.asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        provider.answers.set()
        await asyncio.sleep(0.05)

    run(leave())

    assert cards(jane) == 1
    assert provider.open_holds() == []


@pytest.mark.parametrize("seconds", [30])  # never over, however busy the machine is
def test_a_second_call_for_the_same_card_waits_for_the_first(slow: tuple[Service, SlowGateway], run: Run) -> None:
    service, provider = slow
    jane = service.api.sign_up()

    async def twice() -> list[int]:
        first = asyncio.create_task(jane.request("POST", VERIFY, **WISH))
        await provider.asked.wait()
        second = asyncio.create_task(jane.request("POST", VERIFY, **WISH))
        await asyncio.sleep(0.1)
        provider.answers.set()
        return [(await first).status_code, (await second).status_code]

    assert run(twice()) == [200, 200]
    assert cards(jane) == 1


def test_a_second_call_does_not_wait_longer_than_the_limit(slow: tuple[Service, SlowGateway], run: Run) -> None:
    service, provider = slow
    jane = service.api.sign_up()
    problem(jane.post(VERIFY, **WISH), 503, "still-verifying")

    problem(jane.post(VERIFY, **WISH), 409, "verification-in-progress")

    provider.answers.set()
    run(asyncio.sleep(0.05))
    assert cards(jane) == 1


def test_a_stopping_service_waits_a_while_and_leaves_the_rest_to_the_outbox(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    options = HttpOptions(verification_seconds=0.05, shutdown_seconds=0.05)
    stored = in_memory()
    with ExitStack() as stack:
        service = stack.enter_context(serving(run, stored, options=options, payments=SlowGateway))
        problem(service.api.sign_up().post(VERIFY, **WISH), 503, "still-verifying")

    assert "1 verifications were stopped" in caplog.text
    (verification,) = stored.dump()["verifications"]
    assert verification.is_open
    (job,) = [job for job in stored.dump()["jobs"] if job.topic == "verify_card"]
    assert job.payload == {"verification": verification.id}
