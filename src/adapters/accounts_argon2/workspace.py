"""The memory that hashes work in: taken once, and kept from one hash to the next.

Left to itself the library takes 19 MiB for each hash and gives them back. The C library keeps such a block with the
thread that had it, and takes another one as soon as anything small was cut from it: in a flood of sign-ins the service
then had twice what its permits allow. To have each block mapped anew costs half as much time again as the hash itself.
"""

from typing import Any, Final

import attrs
from argon2.exceptions import HashingError
from argon2.low_level import Type, core, error_to_str, ffi

from accounts_argon2.cost import Cost

_OK: Final = 0
_DEFAULT_FLAGS: Final = 0


class Workspace:
    """Memory for one hash at a time. Raises `MemoryError` when it cannot be had."""

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
"""How the library gives memory back: it has overwritten it by then, and it stays ours."""


@attrs.frozen
class Workspaces:
    """Workspaces of `kib` each, of which `kept` at most are kept while nobody works in them. Safe between threads."""

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
        # what a hash of another cost needed is not kept: it may be many times as much
        if workspace.kib == self.kib and len(self._idle) < self.kept:
            self._idle.append(workspace)
