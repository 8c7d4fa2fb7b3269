import pytest

from accounts_core.errors import Conflict
from accounts_core.model.ids import UserId
from accounts_core.ports.devices import KnownDevice
from accounts_core.testing.builders import NOON, a_user, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, keep, read_back

JANE, MARY = UserId(1), UserId(2)


class DevicesContract(StoreContract):
    """`Devices`."""

    async def test_a_device_is_new_once_to_each_user(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        for expected in (True, False):
            async with store.begin() as work:
                assert await work.devices.add(JANE, b"d" * 32, at=NOON) is expected
                assert await work.devices.add(MARY, b"d" * 32, at=NOON) is expected
        async with store.begin() as work:
            assert await work.devices.add(JANE, b"e" * 32, at=NOON) is True
            assert (await work.devices.count_for_user(JANE), await work.devices.count_for_user(MARY)) == (2, 1)
            await work.devices.delete_for_user(JANE)
            assert (await work.devices.count_for_user(JANE), await work.devices.count_for_user(MARY)) == (0, 1)

    async def test_devices_were_first_seen_at_a_time_the_newest_first(self, store: AnyStore) -> None:
        await keep(store, a_user(1), a_user(2))
        async with store.begin() as work:
            await work.devices.add(JANE, b"a" * 32, at=NOON)
            await work.devices.add(JANE, b"b" * 32, at=at(1))
            await work.devices.add(JANE, b"a" * 32, at=at(2))
            await work.devices.add(MARY, b"c" * 32, at=at(3))

        found = await read_back(store, lambda s: s.devices.list_for_user(JANE, limit=9))
        assert list(found) == [KnownDevice(at(1), b"b" * 32), KnownDevice(NOON, b"a" * 32)]

    async def test_nobody_has_no_devices(self, store: AnyStore) -> None:
        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.devices.add(JANE, b"d" * 32, at=NOON)
