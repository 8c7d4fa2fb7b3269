"""F1: Stripe, the hashers, the clock, the limits in memory and the mailer across a fork."""

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.forks.children import fork, held, in_children
from tests.integration.forks.drivers import CHEAP
from tests.integration.stripe.loopback import Handler, answering

from accounts_argon2 import Argon2Hasher, AsyncArgon2Hasher
from accounts_core import forking
from accounts_core.errors import Unavailable
from accounts_core.model.passwords import Password
from accounts_core.model.secret_values import PasswordHash
from accounts_core.ports.rate_limiter import RateLimit
from accounts_core.sync import run_sync
from accounts_core.testing.builders import NOON
from accounts_memory import MemoryStore
from accounts_memory.rate_limiter import MemoryRateLimiter
from accounts_stripe import BlockingStripeGateway, StripeGateway
from accounts_stripe_simulator import Simulator
from accounts_stripe_simulator.state import CUSTOMER, State
from accounts_system import SystemClock, SystemSecrets

TIMES = 50


# ---- Stripe


def _echo(handler: Handler) -> None:
    """Answer with the customer that was asked for."""
    handler.say({"object": "customer", "id": handler.path.rpartition("/")[2], "balance": 0, "invoice_settings": {}})


@pytest.mark.long
def test_f1_no_child_reads_an_answer_of_stripes_that_is_anothers() -> None:
    with answering(_echo) as server, BlockingStripeGateway.connect("sk_test_1", api_base=server.url) as gateway:

        def ask(id: str) -> Callable[[], set[str]]:
            def asking() -> set[str]:
                return {gateway._client.v1.customers.retrieve(id).id for _ in range(TIMES)}

            return asking

        assert ask("cus_parent")() == {"cus_parent"}
        seen = in_children(ask("cus_jane"), ask("cus_john"), meanwhile=ask("cus_parent"))
        assert seen == [{"cus_jane"}, {"cus_john"}]
        assert ask("cus_parent")() == {"cus_parent"}
        # one of the parent's, and one of each child's
        assert server.connections == 3


def test_f1_no_child_on_a_loop_of_its_own_reads_an_answer_of_stripes_that_is_anothers() -> None:
    with answering(_echo) as server:

        async def asking(gateway: StripeGateway, id: str) -> set[str]:
            return {(await gateway._client.v1.customers.retrieve_async(id)).id for _ in range(TIMES)}

        async def forking() -> tuple[Any, set[str]]:
            async with StripeGateway.connect("sk_test_1", api_base=server.url) as gateway:
                await asking(gateway, "cus_parent")
                child = fork(lambda: asyncio.run(asking(gateway, "cus_jane")))
                meanwhile = await asking(gateway, "cus_parent")
                return child.result(), meanwhile

        assert asyncio.run(forking()) == ({"cus_jane"}, {"cus_parent"})


def test_f1_a_gateway_that_was_closed_before_the_fork_has_a_connection_of_its_own_in_the_child() -> None:
    with answering(_echo) as server:
        gateway = BlockingStripeGateway.connect("sk_test_1", api_base=server.url)
        gateway.close()

        assert fork(lambda: gateway._client.v1.customers.retrieve("cus_1").id).result() == "cus_1"


def test_f1_the_simulators_file_is_not_held_open_over_a_fork(tmp_path: Path) -> None:
    state = State.open(tmp_path / "stripe.db")
    clock, secrets = SystemClock(), SystemSecrets()
    simulator = Simulator(clock=clock, secrets=secrets, state=state)

    def create() -> int:
        headers = {"Authorization": "Bearer sk_test_1"}
        return sum(simulator.handle("POST", "/v1/customers", headers).status == 200 for _ in range(10))

    assert create() == 10
    assert in_children(create, create, meanwhile=create) == [10, 10]
    state.close()
    with_all = State.open(tmp_path / "stripe.db")
    with with_all.transaction() as transaction:
        assert len(list(transaction.list_newest_first(CUSTOMER))) == 40
    with_all.close()


# ---- hashers, clock, memory


PASSWORD = Password("correct horse battery staple")


def test_f1_a_hasher_that_was_used_before_the_fork_hashes_in_the_child() -> None:
    hasher = Argon2Hasher(CHEAP)
    stored = run_sync(hasher.hash(PASSWORD))

    def verify() -> bool:
        return all(run_sync(hasher.verify(stored, PASSWORD)) for _ in range(TIMES))

    assert in_children(verify, verify, meanwhile=verify) == [True, True]


def test_f1_a_threaded_hasher_has_threads_and_places_of_its_own_in_the_child() -> None:
    hasher = AsyncArgon2Hasher(CHEAP, max_concurrent=1, max_waiting=0)

    async def verify(stored: PasswordHash) -> bool:
        return await hasher.verify(stored, PASSWORD) and await hasher.hash(PASSWORD) != stored

    async def forking() -> Any:
        stored = await hasher.hash(PASSWORD)
        place = hasher._lanes.enter(lambda: None, None)  # somebody else's hash is being made
        with held(hasher._lanes._changed):
            child = fork(lambda: asyncio.run(verify(stored)))
            seen = child.result()
        hasher._lanes.leave(place)
        assert await verify(stored)
        await hasher.close()
        return seen

    assert asyncio.run(forking())

    async def closed() -> str:
        try:
            await hasher.hash(PASSWORD)
        except Unavailable as error:
            return str(error)
        return "hashed"

    assert fork(lambda: asyncio.run(closed())).result() == "hashed"  # in threads of its own


def test_f1_no_lock_that_another_thread_holds_is_held_in_the_child() -> None:
    clock, limits, store = SystemClock(), MemoryRateLimiter(), MemoryStore()
    simulator = Simulator(clock=clock, secrets=SystemSecrets())

    async def commit() -> None:
        async with store.begin():
            pass

    def child() -> bool:
        clock.now()
        run_sync(limits.consume("sign-in", {"everybody": RateLimit(1, timedelta(hours=1))}, now=NOON))
        run_sync(commit())
        return simulator.handle("GET", "/v1/customers", {"Authorization": "Bearer sk_test_1"}).status == 200

    with held(limits._lock, store._committing, simulator._lock, simulator.faults._lock):
        assert fork(child).result()


def test_f1_a_mailer_has_a_tls_context_of_its_own_in_the_child() -> None:
    from accounts_smtp.tls import DefaultContext

    default = DefaultContext()
    before = default.get()

    assert fork(lambda: default.get() is not before and default._context is default.get()).result()
    assert default.get() is before


def test_f1_a_fork_waits_for_a_mail_that_is_being_rendered_so_that_its_libraries_locks_are_free() -> None:
    from accounts_core.ports.mailer import MailKind
    from accounts_smtp import MailTemplates, fork_safe
    from accounts_smtp.samples import AT, sample_composer, sample_message

    composer, begun, ended = sample_composer(MailTemplates()), threading.Event(), threading.Event()

    def render() -> None:
        with fork_safe.rendering():
            begun.set()
            ended.wait(0.1)
            ended.set()

    thread = threading.Thread(target=render)
    thread.start()
    begun.wait()
    child = fork(lambda: ended.is_set() and composer.compose(sample_message(MailKind.CARD_ADDED), at=AT).subject)
    thread.join()

    assert child.result() == "A card was added"
    assert composer.compose(sample_message(MailKind.CARD_ADDED), at=AT).subject == "A card was added"


# ---- the hooks


class Owner:
    def __init__(self) -> None:
        self.heard: list[str] = []


def test_f1_the_hooks_of_an_owner_run_on_both_sides_of_every_fork() -> None:
    owner = Owner()
    forking.on_fork(
        owner,
        before=lambda it: it.heard.append("before"),
        in_parent=lambda it: it.heard.append("in the parent"),
        in_child=lambda it: it.heard.append("in the child"),
    )

    assert fork(lambda: owner.heard).result() == ["before", "in the child"]
    assert owner.heard == ["before", "in the parent"]


def test_f1_a_hook_that_fails_keeps_no_other_from_running(capfd: pytest.CaptureFixture[str]) -> None:
    failing, owner = Owner(), Owner()

    def fail(_: Owner) -> None:
        raise RuntimeError("no")

    forking.on_fork(failing, in_child=fail)
    forking.on_fork(owner, in_child=lambda it: it.heard.append("in the child"))

    assert fork(lambda: owner.heard).result() == ["in the child"]


def test_f1_an_owner_that_is_gone_is_not_asked() -> None:
    def count() -> int:
        return len(forking._registered)

    before = count()
    owner = Owner()
    forking.on_fork(owner, in_child=lambda it: None)
    assert count() == before + 1
    del owner
    assert count() == before


def test_f1_a_server_that_forks_without_telling_python_can_say_so() -> None:
    """As uWSGI does; `fork` of the C library runs no hook of Python's."""
    owner = Owner()
    forking.on_fork(owner, in_child=lambda it: it.heard.append("in the child"))

    def child() -> list[str]:
        owner.heard.clear()
        forking._process = 0  # as it is after a fork that nobody told of
        forking.forked()
        forking.forked()
        return owner.heard

    assert fork(child).result() == ["in the child"]
    forking.forked()
    assert owner.heard == []
