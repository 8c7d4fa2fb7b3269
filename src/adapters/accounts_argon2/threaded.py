import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import ClassVar, Literal, Self, TypeVar

import attrs

from accounts_argon2.cores import usable_cores
from accounts_argon2.cost import Cost
from accounts_argon2.engine import Argon2
from accounts_argon2.lanes import MAX_WAITING, MAX_WAITING_EACH, Lanes
from accounts_core.errors import Unavailable
from accounts_core.forking import keep_forever, on_fork
from accounts_core.model.passwords import Password
from accounts_core.model.requester import Requester
from accounts_core.model.secret_values import PasswordHash

R = TypeVar("R")


@attrs.define
class AsyncArgon2Hasher:
    """Password hasher with its own threads, which do not block the event loop: Argon2 releases the interpreter lock.

    At most `max_concurrent` hashes run at once, by default one for each usable core. Each uses the memory of its cost,
    19 MiB by default, which is kept for reuse; a stored hash of another cost uses up to 256 MiB while it is verified.
    At most `max_waiting` hashes wait, by default 64 for each running one, which is about two seconds; one more raises
    `Unavailable`. A cancelled task releases its place.

    Waiting hashes are served round-robin by requester (`accounts_core.model.fair_queue`), by account and by client. At
    most `max_waiting_each` of them belong to one account or client, by default a quarter of `max_waiting`. A flood of
    requests from one requester delays only that requester.

    A forked process begins with an idle hasher.

    Close it, or use `async with AsyncArgon2Hasher() as hasher:`, to end its threads. It can be used again afterwards,
    as by an application whose lifespan begins a second time.
    """

    suspends: ClassVar[Literal[True]] = True

    cost: Cost = attrs.field(factory=Cost)
    max_concurrent: int = attrs.field(factory=usable_cores, kw_only=True, validator=attrs.validators.ge(1))
    max_waiting: int = attrs.field(default=MAX_WAITING, kw_only=True, validator=attrs.validators.ge(0))
    max_waiting_each: int = attrs.field(default=MAX_WAITING_EACH, kw_only=True, validator=attrs.validators.ge(0))
    _engine: Argon2 = attrs.field(init=False, repr=False)
    _pool: ThreadPoolExecutor = attrs.field(init=False, repr=False)
    _lanes: Lanes = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._engine = Argon2(self.cost, self.max_concurrent)
        self._lanes = Lanes(self.max_concurrent, max_waiting=self.max_waiting, max_waiting_each=self.max_waiting_each)
        self._begin()
        on_fork(self, in_child=AsyncArgon2Hasher._begin_again)

    def _begin(self) -> None:
        self._pool = ThreadPoolExecutor(self.max_concurrent, thread_name_prefix="accounts-argon2")

    def _begin_again(self) -> None:
        """Discard the threads, which exist only in the parent. The lanes reset themselves."""
        keep_forever(self._pool)
        self._begin()

    async def hash(self, password: Password, *, requester: Requester | None = None) -> PasswordHash:
        return await self._run(requester, partial(self._engine.hash, password))

    async def verify(
        self, hash: PasswordHash | None, password: Password, *, requester: Requester | None = None
    ) -> bool:
        return await self._run(requester, partial(self._engine.verify, hash, password))

    def needs_rehash(self, hash: PasswordHash) -> bool:
        return self._engine.needs_rehash(hash)

    async def close(self) -> None:
        """Finish running and waiting hashes, reject new ones meanwhile, and end the threads.

        A later hash starts new threads.
        """
        await asyncio.to_thread(self._close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def _close(self) -> None:
        self._lanes.close()
        self._pool.shutdown()
        self._begin()  # which starts no thread before there is something to hash
        self._lanes.open()

    async def _run(self, requester: Requester | None, work: Callable[[], R]) -> R:
        future: Future[R] = Future()

        def begin() -> None:
            try:
                self._pool.submit(_work, future, work)
            except RuntimeError as error:  # the interpreter is shutting down
                if future.set_running_or_notify_cancel():
                    future.set_exception(Unavailable(f"No password can be hashed any more: {error}."))

        place = self._lanes.enter(begin, requester)
        # at the end of the work, or on cancellation before it runs: a running thread cannot be cancelled
        future.add_done_callback(lambda _: self._lanes.leave(place))
        return await asyncio.wrap_future(future)


def _work(future: "Future[R]", work: Callable[[], R]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001  raised where the future is awaited
        future.set_exception(error)
