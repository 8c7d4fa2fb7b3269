import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from types import TracebackType
from typing import ClassVar, Final, Literal, ParamSpec, Self, TypeVar

import attrs

from accounts_argon2.cores import usable_cores
from accounts_argon2.cost import Cost
from accounts_argon2.engine import Argon2
from accounts_core.errors import Unavailable
from accounts_core.forking import keep_forever, on_fork
from accounts_core.model.passwords import Password

P = ParamSpec("P")
R = TypeVar("R")

WAITING_FOR_EACH: Final = 64
"""At 30 ms a hash about two seconds."""


@attrs.define
class AsyncArgon2Hasher:
    """Hashes in threads of its own, which leave the event loop free: Argon2 runs without the interpreter's lock.

    `max_concurrent` hashes run at once: one for each usable core, where nothing else is said; more would only take more
    memory. Each takes what its cost says, 19 MiB, which is kept for the next one; a stored hash of another cost takes
    up to 256 MiB for as long as it is worked on. `max_waiting` wait their turn, first come, first served: 64 for each
    that runs, where nothing else is said, which is some two seconds. One more raises `Unavailable`: whoever would wait
    for longer is better told so at once. A task that is cancelled while it waits frees its place.

    A forked process has no threads but its own: it begins with an idle hasher.

    Close it, or use it as `async with AsyncArgon2Hasher() as hasher:`, so that its threads end.
    """

    suspends: ClassVar[Literal[True]] = True

    cost: Cost = attrs.field(factory=Cost)
    max_concurrent: int = attrs.field(factory=usable_cores, kw_only=True, validator=attrs.validators.ge(1))
    max_waiting: int = attrs.field(kw_only=True, validator=attrs.validators.ge(0))
    _engine: Argon2 = attrs.field(init=False, repr=False)
    _pool: ThreadPoolExecutor = attrs.field(init=False, repr=False)
    _lock: Lock = attrs.field(init=False, repr=False)
    _taken: int = attrs.field(init=False)
    _is_closed: bool = attrs.field(default=False, init=False, repr=False)

    @max_waiting.default
    def _two_seconds(self) -> int:
        return WAITING_FOR_EACH * self.max_concurrent

    def __attrs_post_init__(self) -> None:
        self._engine = Argon2(self.cost, self.max_concurrent)
        self._begin()
        on_fork(self, in_child=AsyncArgon2Hasher._begin_again)

    def _begin(self) -> None:
        self._pool = ThreadPoolExecutor(self.max_concurrent, thread_name_prefix="accounts-argon2")
        self._lock = Lock()
        self._taken = 0

    def _begin_again(self) -> None:
        """Do without what stayed in the parent: the threads, what waits for them, and whoever holds the lock."""
        keep_forever(self._pool)
        self._begin()
        if self._is_closed:
            self._pool.shutdown()

    async def hash(self, password: Password) -> str:
        return await self._run(self._engine.hash, password)

    async def verify(self, hash: str | None, password: Password) -> bool:
        return await self._run(self._engine.verify, hash, password)

    def needs_rehash(self, hash: str) -> bool:
        return self._engine.needs_rehash(hash)

    async def close(self) -> None:
        """Let what runs and what waits come to its end, refuse anything more, and end the threads."""
        self._is_closed = True
        await asyncio.to_thread(self._pool.shutdown)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        self._take_place()
        try:
            future = self._pool.submit(work, *args, **kwargs)
        except RuntimeError as error:
            self._free_place()
            raise Unavailable("This password hasher is closed.") from error
        # at the end of the work or, while it waits, on cancellation: a thread that runs keeps its place to the end
        future.add_done_callback(self._free_place)
        return await asyncio.wrap_future(future)

    def _take_place(self) -> None:
        with self._lock:
            if self._taken >= self.max_concurrent + self.max_waiting:
                raise Unavailable("Too many passwords are being hashed at the moment.")
            self._taken += 1

    def _free_place(self, _: Future[R] | None = None) -> None:
        with self._lock:
            self._taken -= 1
