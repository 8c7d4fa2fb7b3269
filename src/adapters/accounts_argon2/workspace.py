"""Reusable memory for hashing.

By default the library allocates and frees 19 MiB for each hash. The C library's allocator keeps the block for its
thread and may allocate another one once it is fragmented: under load this doubled the memory of the service. Mapping
each block anew would add half of a hash's time.
"""

from typing import Any, Final

import attrs
from argon2.exceptions import HashingError
from argon2.low_level import Type, core, error_to_str, ffi

from accounts_argon2.cost import Cost

_OK: Final = 0
_DEFAULT_FLAGS: Final = 0


class Workspace:
    """Memory for one hash at a time. Raises `MemoryError` if it cannot be allocated."""

    def __init__(self, kib: int) -> None:
        self.kib = kib
        memory = ffi.from_buffer("uint8_t[]", bytearray(kib * 1024))

        def lend(place: Any, wanted: int) -> int:
            place[0] = memory if wanted <= kib * 1024 else ffi.NULL
            return 0

        self._lend = ffi.callback("int(uint8_t **, size_t)", lend)

    def tag(self, *, secret: bytes, salt: bytes, cost: Cost, type: Type, version: int, length: int) -> bytes:
        """Return the tag, as `argon2.low_level.hash_secret_raw` does. Raises `HashingError`."""
        out = ffi.new("uint8_t[]", length)
        values: dict[str, Any] = {
            "out": out,
            "outlen": length,
            "pwd": ffi.from_buffer("uint8_t[]", secret),
            "pwdlen": len(secret),
            "salt": ffi.from_buffer("uint8_t[]", salt),
            "saltlen": len(salt),
            "secret": ffi.NULL,
            "secretlen": 0,
            "ad": ffi.NULL,
            "adlen": 0,
            "t_cost": cost.passes,
            "m_cost": cost.memory_kib,
            "lanes": cost.lanes,
            "threads": cost.lanes,
            "version": version,
            "allocate_cbk": self._lend,
            "free_cbk": _KEEP,
            "flags": _DEFAULT_FLAGS,
        }
        error = core(ffi.new("argon2_context *", values), type.value)
        if error != _OK:
            raise HashingError(error_to_str(error))
        return bytes(ffi.buffer(out, length))


_KEEP: Final = ffi.callback("void(uint8_t *, size_t)", lambda _memory, _size: None)
"""Deallocation callback of the library, which has overwritten the memory by then. Keeps the block."""


@attrs.frozen
class Workspaces:
    """Thread-safe pool of workspaces of `kib` each, of which at most `kept` idle ones are kept."""

    kib: int
    kept: int
    _idle: list[Workspace] = attrs.field(factory=list, init=False, repr=False, eq=False)

    def tag(self, *, secret: bytes, salt: bytes, cost: Cost, type: Type, version: int, length: int) -> bytes:
        """Return the tag. Raises `HashingError` and `MemoryError`."""
        workspace = self._take(cost.memory_kib)
        try:
            return workspace.tag(secret=secret, salt=salt, cost=cost, type=type, version=version, length=length)
        finally:
            self._give_back(workspace)

    def _take(self, kib: int) -> Workspace:
        if kib <= self.kib:
            try:
                return self._idle.pop()
            except IndexError:
                pass
        return Workspace(max(kib, self.kib))

    def _give_back(self, workspace: Workspace) -> None:
        # not kept for another cost, which may need many times as much
        if workspace.kib == self.kib and len(self._idle) < self.kept:
            self._idle.append(workspace)
