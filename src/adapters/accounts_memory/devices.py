from collections.abc import Callable, Sequence
from datetime import datetime

from accounts_core.model.ids import UserId
from accounts_core.ports.devices import Devices

from .schema import Device, Workspace


class MemoryDevices:
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        self._workspace = workspace

    async def add(self, user_id: UserId, digest: bytes, *, at: datetime) -> bool:
        devices = self._workspace().devices
        if devices.get((user_id, digest)) is not None:
            return False
        devices.add(Device(user_id=user_id, digest=digest, first_seen_at=at))
        return True

    async def count_of(self, user_id: UserId) -> int:
        return sum(1 for _ in self._workspace().devices.find("user_id", user_id))

    async def first_seen(self, user_id: UserId) -> Sequence[datetime]:
        devices = self._workspace().devices.find("user_id", user_id)
        return sorted((device.first_seen_at for device in devices), reverse=True)

    async def remove_of(self, user_id: UserId) -> None:
        devices = self._workspace().devices
        for device in devices.find("user_id", user_id):
            devices.drop(device)


_devices: type[Devices] = MemoryDevices
