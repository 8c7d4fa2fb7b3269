from datetime import datetime, timedelta, timezone

import pytest

from accounts_core.errors import Conflict
from accounts_core.ports.cleanup import Expired
from accounts_core.ports.store import UnitOfWork
from accounts_core.testing.builders import NOON, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, Concurrently, failures


async def receive(store: AnyStore, id: str, *, at: datetime = NOON) -> bool:
    async with store.begin() as work:
        return await work.provider_events.add(id, at=at)


async def delete_received_before(store: AnyStore, at: datetime) -> int:
    async with store.begin() as work:
        return await _delete_received_before(work, at)


async def _delete_received_before(work: UnitOfWork, at: datetime) -> int:
    return await work.cleanup.delete(Expired.PROVIDER_EVENTS, until=at - timedelta(microseconds=1), limit=99)


class ProviderEventsContract(StoreContract):
    """`ProviderEvents`."""

    async def test_an_event_is_new_once(self, store: AnyStore) -> None:
        assert await receive(store, "evt_1") is True
        assert await receive(store, "evt_1") is False
        assert await receive(store, "evt_1", at=at(60)) is False

    async def test_a_unit_knows_the_event_that_it_added(self, store: AnyStore) -> None:
        async with store.begin() as work:
            assert await work.provider_events.add("evt_1", at=NOON) is True
            assert await work.provider_events.add("evt_1", at=NOON) is False

        assert await receive(store, "evt_1") is False

    async def test_events_are_told_apart_by_every_letter_of_their_ids(self, store: AnyStore) -> None:
        ids = ["evt_1", "EVT_1", "evt_1 ", "evt_\u00e9", "evt_e\u0301", "evt_1" + "x" * 300]

        assert [await receive(store, each) for each in ids] == [True] * len(ids)
        assert [await receive(store, each) for each in ids] == [False] * len(ids)

    async def test_an_event_that_was_known_does_not_stop_the_rest_of_the_unit(self, store: AnyStore) -> None:
        await receive(store, "evt_1")
        async with store.begin() as work:
            assert await work.provider_events.add("evt_1", at=NOON) is False
            assert await work.provider_events.add("evt_2", at=NOON) is True

        assert await receive(store, "evt_2") is False

    async def test_an_event_whose_unit_was_rolled_back_is_new_again(self, store: AnyStore) -> None:
        with pytest.raises(ZeroDivisionError):
            async with store.begin() as work:
                assert await work.provider_events.add("evt_1", at=NOON) is True
                raise ZeroDivisionError

        assert await receive(store, "evt_1") is True

    async def test_only_events_from_before_are_forgotten_and_they_are_counted(self, store: AnyStore) -> None:
        received = {"evt_old": -2, "evt_older": -3, "evt_on_time": 0, "evt_new": 1}
        for each, minutes in received.items():
            await receive(store, each, at=at(minutes))

        assert await delete_received_before(store, NOON) == 2
        assert await delete_received_before(store, NOON) == 0

        assert [await receive(store, each) for each in received] == [True, True, False, False]

    async def test_deleting_expired_events_compares_to_the_microsecond_in_any_zone(self, store: AnyStore) -> None:
        there = NOON.astimezone(timezone(timedelta(hours=-7)))
        await receive(store, "evt_1", at=there)

        assert await delete_received_before(store, NOON) == 0
        assert await delete_received_before(store, there + timedelta(microseconds=1)) == 1

    async def test_a_unit_forgets_what_it_added_too(self, store: AnyStore) -> None:
        await receive(store, "evt_1", at=at(-1))
        async with store.begin() as work:
            await work.provider_events.add("evt_2", at=at(-1))

            assert await _delete_received_before(work, NOON) == 2
            assert await work.provider_events.add("evt_1", at=NOON) is True

        assert await receive(store, "evt_1") is False
        assert await receive(store, "evt_2") is True

    async def test_deleting_that_is_rolled_back_deletes_nothing(self, store: AnyStore) -> None:
        await receive(store, "evt_1", at=at(-1))
        with pytest.raises(ZeroDivisionError):
            async with store.begin() as work:
                assert await _delete_received_before(work, NOON) == 1
                raise ZeroDivisionError

        assert await receive(store, "evt_1") is False

    async def test_of_many_who_receive_one_event_at_once_exactly_one_finds_it_new(
        self, store: AnyStore, concurrently: Concurrently
    ) -> None:
        outcomes = await concurrently(*[lambda: receive(store, "evt_1")] * 8)

        assert outcomes.count(True) == 1
        assert {type(error) for error in failures(outcomes)} <= {Conflict}
        assert await receive(store, "evt_1") is False
