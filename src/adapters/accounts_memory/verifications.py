from collections.abc import Callable, Iterable, Sequence

import attrs

from accounts_core.errors import Conflict
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Cursor
from accounts_core.model.verification import CardVerification
from accounts_core.ports.verifications import VerificationReader, Verifications

from .pages import page_below
from .schema import Tables, Workspace


class MemoryVerificationReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def find(self, id: str) -> CardVerification | None:
        return self._tables().verifications.get(id)

    async def find_latest(self, user_id: UserId, requested: str) -> CardVerification | None:
        return _latest(each for each in self._of(user_id) if each.requested == requested)

    async def find_by_payment_method(self, user_id: UserId, payment_method: str) -> CardVerification | None:
        return _latest(each for each in self._of(user_id) if each.payment_method == payment_method)

    def _of(self, user_id: UserId) -> Iterable[CardVerification]:
        return self._tables().verifications.find("user_id", user_id)

    async def find_by_idempotency_key(self, user_id: UserId, idempotency_key: str) -> CardVerification | None:
        return next(iter(self._tables().verifications.find("request", (user_id, idempotency_key))), None)

    async def list_for_user(
        self, user_id: UserId, *, limit: int, before: Cursor | None = None
    ) -> Sequence[CardVerification]:
        return page_below(self._of(user_id), order=lambda each: (each.created_at, each.id), limit=limit, before=before)

    async def list_open_for_customer(self, customer_id: str) -> Sequence[CardVerification]:
        return _open_ones(self._tables().verifications.find("customer_id", customer_id))


class MemoryVerifications(MemoryVerificationReader):
    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        super().__init__(workspace)
        self._workspace = workspace

    async def add(self, verification: CardVerification) -> None:
        self._workspace().verifications.add(verification)

    async def find_open(self, user_id: UserId, requested: str) -> CardVerification | None:
        return next(iter(self._workspace().verifications.find("open", (user_id, requested))), None)

    async def list_open_for_user(self, user_id: UserId) -> Sequence[CardVerification]:
        return _open_ones(self._of(user_id))

    async def save(self, verification: CardVerification) -> CardVerification:
        verifications = self._workspace().verifications
        stored = verifications.get(verification.id)
        if stored is None or stored.version != verification.version:
            raise Conflict("This is not the verification that is stored.")
        return verifications.put(attrs.evolve(verification, version=verification.version + 1))

    async def delete(self, id: str) -> None:
        verifications = self._workspace().verifications
        verification = verifications.get(id)
        if verification is not None:
            verifications.drop(verification)

    async def delete_ended_for_user(self, user_id: UserId) -> None:
        verifications = self._workspace().verifications
        for verification in verifications.find("user_id", user_id):
            if not verification.is_open:
                verifications.drop(verification)


def _open_ones(verifications: Iterable[CardVerification]) -> Sequence[CardVerification]:
    return sorted((each for each in verifications if each.is_open), key=lambda each: (each.created_at, each.id))


def _latest(verifications: Iterable[CardVerification]) -> CardVerification | None:
    return max(verifications, key=lambda each: (each.created_at, each.id), default=None)


_reads: type[VerificationReader] = MemoryVerificationReader
_verifications: type[Verifications] = MemoryVerifications
