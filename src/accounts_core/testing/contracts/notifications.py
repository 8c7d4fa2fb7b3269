from datetime import datetime, timedelta, timezone

import attrs
import pytest

from accounts_core.errors import Conflict, NotFound
from accounts_core.model.ids import UserId
from accounts_core.model.notification import MAX_MESSAGE
from accounts_core.testing.builders import a_notification, a_user, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, keep, read_back

USER = UserId(1)


class NotificationsContract(StoreContract):
    """`Notifications` and `NotificationReader`."""

    @pytest.mark.parametrize("message", ["You invited to join Bookshop.", "ש" * MAX_MESSAGE, "👩‍👩‍👧‍👦 " * 60])
    async def test_a_notification_comes_back_with_every_field(self, store: AnyStore, message: str) -> None:
        notification = a_notification(message=message, type="host.greeting", read_at=at(3))
        await keep(store, a_user(), notification)

        assert list(await read_back(store, lambda s: s.notifications.list_for_user(USER, limit=99))) == [notification]

    async def test_times_come_back_equal_and_in_utc_whatever_their_zone_was(self, store: AnyStore) -> None:
        there = datetime(2026, 3, 1, 23, 0, 0, 42, tzinfo=timezone(timedelta(hours=14)))
        await keep(store, a_user(), a_notification(created_at=there))

        (found,) = await read_back(store, lambda s: s.notifications.list_for_user(USER, limit=99))

        assert found.created_at == there
        assert found.created_at.utcoffset() == timedelta(0)

    async def test_a_unit_sees_the_notification_that_it_added(self, store: AnyStore) -> None:
        await keep(store, a_user())
        async with store.begin() as work:
            await work.notifications.add(a_notification())

            assert list(await work.notifications.list_for_user(USER, limit=99)) == [a_notification()]
            assert await work.notifications.count_for_user(USER) == 1

    async def test_the_oldest_beyond_a_number_go(self, store: AnyStore) -> None:
        own = [a_notification(f"ntf_{n}", created_at=at(n)) for n in range(4)]
        await keep(store, a_user(1), a_user(2), *own, a_notification("ntf_9", 2, created_at=at(-9)))
        async with store.begin() as work:
            await work.notifications.delete_oldest_for_user(USER, keep=2)
            await work.notifications.delete_oldest_for_user(USER, keep=2)

        assert list(await read_back(store, lambda s: s.notifications.list_for_user(USER, limit=99))) == [
            own[3],
            own[2],
        ]
        assert len(await read_back(store, lambda s: s.notifications.list_for_user(UserId(2), limit=99))) == 1

    async def test_they_come_newest_first_and_ties_by_id_descending(self, store: AnyStore) -> None:
        await keep(
            store,
            a_user(1),
            a_user(2),
            a_notification("ntf_b"),
            a_notification("ntf_d", created_at=at(1)),
            a_notification("ntf_c"),
            a_notification("ntf_Z", created_at=at(-1)),
            a_notification("ntf_a"),
            a_notification("ntf_other", 2),
        )

        found = await read_back(store, lambda s: s.notifications.list_for_user(USER, limit=99))

        assert [n.id for n in found] == ["ntf_d", "ntf_c", "ntf_b", "ntf_a", "ntf_Z"]

    async def test_ids_are_ordered_by_code_point_whatever_the_database_speaks(self, store: AnyStore) -> None:
        ids = ["ntf_9", "ntf_B", "ntf_a", "ntf_b", "ntf_A"]
        await keep(store, a_user(), *[a_notification(name) for name in ids])

        found = await read_back(store, lambda s: s.notifications.list_for_user(USER, limit=99))

        assert [n.id for n in found] == sorted(ids, reverse=True)

    async def test_one_is_found_by_its_id_and_only_its_users_delete_it(self, store: AnyStore) -> None:
        own, theirs = a_notification(), a_notification("ntf_2", 2)
        await keep(store, a_user(1), a_user(2), own, theirs)

        for not_mine in ("ntf_2", "ntf_9"):
            with pytest.raises(NotFound):
                async with store.begin() as work:
                    await work.notifications.delete(USER, not_mine)
        assert await read_back(store, lambda s: s.notifications.find("ntf_2")) == theirs
        async with store.begin() as work:
            await work.notifications.delete(USER, "ntf_1")

        assert await read_back(store, lambda s: s.notifications.find("ntf_1")) is None
        assert list(await read_back(store, lambda s: s.notifications.list_for_user(USER, limit=9))) == []
        assert list(await read_back(store, lambda s: s.notifications.list_for_user(UserId(2), limit=9))) == [theirs]

    async def test_a_notification_for_nobody_is_a_conflict(self, store: AnyStore) -> None:
        with pytest.raises(Conflict):
            await keep(store, a_notification(user_id=9))

        assert list(await read_back(store, lambda s: s.notifications.list_for_user(UserId(9), limit=99))) == []

    async def test_marking_one_read_leaves_the_others(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_notification("ntf_2"), a_notification("ntf_1"))
        async with store.begin() as work:
            await work.notifications.mark_read(USER, "ntf_1", at=at(5))

        found = await read_back(store, lambda s: s.notifications.list_for_user(USER, limit=99))
        assert list(found) == [a_notification("ntf_2"), a_notification("ntf_1", read_at=at(5))]

    async def test_one_that_was_read_keeps_its_time(self, store: AnyStore) -> None:
        await keep(store, a_user(), a_notification(read_at=at(1)))
        async with store.begin() as work:
            await work.notifications.mark_read(USER, "ntf_1", at=at(5))

        assert list(await read_back(store, lambda s: s.notifications.list_for_user(USER, limit=99))) == [
            a_notification(read_at=at(1))
        ]

    @pytest.mark.parametrize("id", ["ntf_unknown", "ntf_other"])
    async def test_marking_one_that_the_user_does_not_have_raises_not_found(self, store: AnyStore, id: str) -> None:
        theirs = a_notification("ntf_other", 2)
        await keep(store, a_user(1), a_user(2), a_notification(), theirs)

        with pytest.raises(NotFound):
            async with store.begin() as work:
                await work.notifications.mark_read(USER, id, at=at(5))

        assert list(await read_back(store, lambda s: s.notifications.list_for_user(UserId(2), limit=99))) == [theirs]

    async def test_marking_all_read_keeps_earlier_times_and_other_peoples(self, store: AnyStore) -> None:
        unread, was_read = a_notification("ntf_2"), a_notification("ntf_1", read_at=at(1))
        theirs = a_notification("ntf_other", 2)
        await keep(store, a_user(1), a_user(2), unread, was_read, theirs)

        async with store.begin() as work:
            await work.notifications.mark_all_read(USER, at=at(5))
            await work.notifications.mark_all_read(USER, at=at(6))

        found = await read_back(store, lambda s: s.notifications.list_for_user(USER, limit=99))
        assert list(found) == [attrs.evolve(unread, read_at=at(5)), was_read]
        assert list(await read_back(store, lambda s: s.notifications.list_for_user(UserId(2), limit=99))) == [theirs]

    async def test_count_for_user_counts_what_delete_for_user_deletes(self, store: AnyStore) -> None:
        theirs = a_notification("ntf_other", 2)
        await keep(store, a_user(1), a_user(2), a_notification("ntf_1", read_at=at(1)), a_notification("ntf_2"), theirs)

        async with store.begin() as work:
            assert await work.notifications.count_for_user(USER) == 2
            assert await work.notifications.delete_for_user(USER) == 2
            assert await work.notifications.count_for_user(USER) == 0
            assert await work.notifications.delete_for_user(USER) == 0

        assert list(await read_back(store, lambda s: s.notifications.list_for_user(USER, limit=99))) == []
        assert list(await read_back(store, lambda s: s.notifications.list_for_user(UserId(2), limit=99))) == [theirs]
