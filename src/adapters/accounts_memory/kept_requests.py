from collections.abc import Callable, Iterable, Sequence

from accounts_core.errors import Conflict
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import KeptRequest
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.ports.kept_requests import KeptRequestReader, KeptRequests, RequestSummary

from .pages import page_below
from .schema import Tables, Workspace


class MemoryKeptRequestReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def of(self, user_id: UserId, *, limit: int, before: Cursor | None = None) -> Sequence[RequestSummary]:
        mine = self._tables().kept_requests.find("user_id", user_id)
        summaries = [RequestSummary(each.created_at, each.scope) for each in mine]
        return page_below(summaries, order=lambda each: (each.created_at, each.scope), limit=limit, before=before)


class MemoryKeptRequests(MemoryKeptRequestReader):
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        super().__init__(workspace)
        self._workspace = workspace

    async def find(self, scope: bytes) -> KeptRequest | None:
        return self._workspace().kept_requests.get(scope)

    async def add(self, request: KeptRequest) -> None:
        self._workspace().kept_requests.add(request)

    async def answer(self, request: KeptRequest) -> None:
        requests = self._workspace().kept_requests
        stored = requests.get(request.scope)
        if stored is None or stored.claim != request.claim:
            raise Conflict("The request is somebody else's by now.")
        requests.put(request)

    async def let_go(self, request: KeptRequest) -> None:
        stored = self._workspace().kept_requests.get(request.scope)
        if stored is not None and stored.answer is None:
            await self.remove(request)

    async def remove(self, request: KeptRequest) -> None:
        requests = self._workspace().kept_requests
        stored = requests.get(request.scope)
        if stored is not None and stored.claim == request.claim:
            requests.drop(stored)

    async def remove_of(self, user_id: UserId) -> None:
        requests = self._workspace().kept_requests
        for request in requests.find("user_id", user_id):
            requests.drop(request)

    async def list_for_email(self, email: EmailAddress) -> Sequence[KeptRequest]:
        return _newest_first(self._workspace().kept_requests.find("email_key", email.key))

    async def delete_for_email(self, email: EmailAddress) -> None:
        requests = self._workspace().kept_requests
        for request in requests.find("email_key", email.key):
            requests.drop(request)


def _newest_first(requests: Iterable[KeptRequest]) -> Sequence[KeptRequest]:
    return sorted(requests, key=lambda request: (request.created_at, request.scope), reverse=True)


_reads: type[KeptRequestReader] = MemoryKeptRequestReader
_requests: type[KeptRequests] = MemoryKeptRequests
