import pytest

from accounts_core.errors import Conflict, EmailTaken
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import DomainEvent, UserDeactivated, UserRegistered, UserRenamed, UserRestored
from accounts_core.model.ids import UserId
from accounts_core.ports.store import UnitOfWork
from accounts_core.testing.builders import NOON, a_job, a_user
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import MakeStore, keep, read_back

JANE = UserId(1)
REGISTERED = UserRegistered(user_id=JANE, at=NOON, email=EmailAddress("user1@example.org"))
RENAMED = UserRenamed(user_id=JANE, at=NOON, name="Mary Major")
DEACTIVATED = UserDeactivated(user_id=JANE, at=NOON)
RESTORED = UserRestored(user_id=JANE, at=NOON)


class Listener:
    """A subscriber that records the events it receives, with an optional name."""

    def __init__(self, received: list[tuple[str, DomainEvent]] | None = None, name: str = "") -> None:
        self.received = [] if received is None else received
        self.name = name

    async def __call__(self, work: UnitOfWork, event: DomainEvent) -> None:
        self.received.append((self.name, event))


class EventsContract(StoreContract):
    """`UnitOfWork.record`, and the subscribers of a store."""

    async def test_each_event_goes_to_each_subscriber_in_order(self, make_store: MakeStore) -> None:
        received: list[tuple[str, DomainEvent]] = []
        store = make_store(Listener(received, "first"), Listener(received, "second"))

        await keep(store, REGISTERED, RENAMED)

        assert received == [("first", REGISTERED), ("second", REGISTERED), ("first", RENAMED), ("second", RENAMED)]

    async def test_events_are_received_once_and_only_at_the_end_of_their_unit(self, make_store: MakeStore) -> None:
        listener = Listener()
        store = make_store(listener)
        async with store.begin() as work:
            work.record(REGISTERED)

            assert listener.received == []

        assert listener.received == [("", REGISTERED)]
        async with store.begin():
            pass
        assert listener.received == [("", REGISTERED)]

    async def test_a_subscriber_sees_and_adds_to_the_unit_before_it_commits(self, make_store: MakeStore) -> None:
        async def greet(work: UnitOfWork, event: DomainEvent) -> None:
            user = await work.users.get(event.user_id)
            await work.outbox.add(a_job(topic="host.greet", payload={"name": user.name}))

        store = make_store(greet)
        await keep(store, a_user(), REGISTERED)

        job = await read_back(store, lambda s: s.outbox.find("job_1"))
        assert job is not None
        assert job.payload == {"name": "Jane Doe"}

    async def test_nobody_else_sees_the_unit_while_its_subscribers_run(self, make_store: MakeStore) -> None:
        seen: list[object] = []

        async def look_from_outside(work: UnitOfWork, event: DomainEvent) -> None:
            async with store.reader() as reader:
                seen.append(await reader.users.find(JANE))

        store = make_store(look_from_outside)
        await keep(store, a_user(), REGISTERED)

        assert seen == [None]

    async def test_events_that_a_subscriber_records_follow(self, make_store: MakeStore) -> None:
        listener = Listener()

        async def answer(work: UnitOfWork, event: DomainEvent) -> None:
            if event == REGISTERED:
                work.record(DEACTIVATED)
            if event == DEACTIVATED:
                work.record(RESTORED)

        store = make_store(answer, listener)
        await keep(store, REGISTERED, RENAMED)

        assert [event for _, event in listener.received] == [REGISTERED, RENAMED, DEACTIVATED, RESTORED]

    async def test_a_subscriber_that_raises_rolls_everything_back(self, make_store: MakeStore) -> None:
        listener = Listener()

        async def object_to(work: UnitOfWork, event: DomainEvent) -> None:
            if event == RENAMED:
                raise ZeroDivisionError
            await work.outbox.add(a_job())

        store = make_store(object_to, listener)
        with pytest.raises(ZeroDivisionError):
            await keep(store, a_user(), REGISTERED, RENAMED)

        assert await read_back(store, lambda s: s.users.find(JANE)) is None
        assert await read_back(store, lambda s: s.outbox.find("job_1")) is None
        assert [event for _, event in listener.received] == [REGISTERED]

    async def test_events_of_a_unit_that_is_rolled_back_are_not_received(self, make_store: MakeStore) -> None:
        listener = Listener()
        store = make_store(listener)

        with pytest.raises(ZeroDivisionError):
            async with store.begin() as work:
                work.record(REGISTERED)
                raise ZeroDivisionError

        await keep(store, RESTORED)
        assert listener.received == [("", RESTORED)]

    async def test_what_a_subscriber_breaks_the_unit_raises(self, make_store: MakeStore) -> None:
        async def take_the_address(work: UnitOfWork, event: DomainEvent) -> None:
            await work.users.add(a_user(2, email=EmailAddress("user1@example.org")))

        store = make_store(take_the_address)
        with pytest.raises((EmailTaken, Conflict)):
            await keep(store, a_user(), REGISTERED)

        assert await read_back(store, lambda s: s.users.find(JANE)) is None
