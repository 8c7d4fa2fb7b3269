from collections.abc import Callable, Sequence
from datetime import datetime

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.ports.devices import DeviceReader, Devices, KnownDevice

from .pages import page_below
from .schema import Device, Tables, Workspace


class MemoryDeviceReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[KnownDevice]:
        rows = self._tables().devices.find("user_id", user_id)
        devices = [KnownDevice(each.first_seen_at, each.digest) for each in rows]
        return page_below(devices, order=lambda each: (each.first_seen_at, each.digest), limit=limit, before=before)


class MemoryDevices(MemoryDeviceReader):
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        super().__init__(workspace)
        self._workspace = workspace

    async def add(self, user_id: UserId, digest: bytes, *, at: datetime) -> bool:
        devices = self._workspace().devices
        device = devices.get((user_id, digest))
        if device is not None:
            devices.put(attrs.evolve(device, last_seen_at=at))
            return False
        devices.add(Device(user_id=user_id, digest=digest, first_seen_at=at, last_seen_at=at))
        return True

    async def count_for_user(self, user_id: UserId) -> int:
        return sum(1 for _ in self._workspace().devices.find("user_id", user_id))

    async def delete_for_user(self, user_id: UserId) -> None:
        devices = self._workspace().devices
        for device in devices.find("user_id", user_id):
            devices.drop(device)


_reads: type[DeviceReader] = MemoryDeviceReader
_devices: type[Devices] = MemoryDevices
