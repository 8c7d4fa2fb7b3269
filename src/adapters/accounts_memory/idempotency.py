from collections.abc import Callable, Iterable, Sequence

from accounts_core.errors import Conflict
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import IdempotencyRecord
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.ports.idempotency import IdempotencyReader, IdempotencyRecordSummary, IdempotencyStore

from .pages import page_below
from .schema import Tables, Workspace


class MemoryIdempotencyReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[IdempotencyRecordSummary]:
        rows = self._tables().idempotency_records.find("user_id", user_id)
        summaries = [IdempotencyRecordSummary(each.created_at, each.scope) for each in rows]
        return page_below(summaries, order=lambda each: (each.created_at, each.scope), limit=limit, before=before)


class MemoryIdempotencyStore(MemoryIdempotencyReader):
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        super().__init__(workspace)
        self._workspace = workspace

    async def find(self, scope: bytes) -> IdempotencyRecord | None:
        return self._workspace().idempotency_records.get(scope)

    async def add(self, request: IdempotencyRecord) -> None:
        self._workspace().idempotency_records.add(request)

    async def answer(self, request: IdempotencyRecord) -> None:
        requests = self._workspace().idempotency_records
        stored = requests.get(request.scope)
        if stored is None or stored.claim != request.claim:
            raise Conflict("Another request holds this idempotency key now.")
        requests.put(request)

    async def release(self, request: IdempotencyRecord) -> None:
        stored = self._workspace().idempotency_records.get(request.scope)
        if stored is not None and stored.answer is None:
            await self.delete(request)

    async def delete(self, request: IdempotencyRecord) -> None:
        requests = self._workspace().idempotency_records
        stored = requests.get(request.scope)
        if stored is not None and stored.claim == request.claim:
            requests.drop(stored)

    async def delete_for_user(self, user_id: UserId) -> None:
        requests = self._workspace().idempotency_records
        for request in requests.find("user_id", user_id):
            requests.drop(request)

    async def list_for_email(self, email: EmailAddress) -> Sequence[IdempotencyRecord]:
        return _newest_first(self._workspace().idempotency_records.find("email_key", email.key))

    async def delete_for_email(self, email: EmailAddress) -> None:
        requests = self._workspace().idempotency_records
        for request in requests.find("email_key", email.key):
            requests.drop(request)


def _newest_first(requests: Iterable[IdempotencyRecord]) -> Sequence[IdempotencyRecord]:
    return sorted(requests, key=lambda request: (request.created_at, request.scope), reverse=True)


_reads: type[IdempotencyReader] = MemoryIdempotencyReader
_requests: type[IdempotencyStore] = MemoryIdempotencyStore
