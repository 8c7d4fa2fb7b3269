from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import attrs

from accounts_core.errors import Conflict, NotFound
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.model.user import User
from accounts_core.ports.users import UserReader, Users

from .schema import Tables, Workspace


class MemoryUserReader:
    def __init__(self, tables: Callable[[], Tables]) -> None:
        self._tables = tables

    async def find(self, id: UserId) -> User | None:
        return self._tables().users.get(id)

    async def find_by_email(self, email: EmailAddress) -> User | None:
        return self._tables().users.find_one("email", email.key)

    async def find_by_customer(self, customer_id: str) -> User | None:
        return self._tables().users.find_one("customer_id", customer_id)

    async def list_unverified(
        self, *, created_before: datetime, after: UserId | None = None, limit: int
    ) -> Sequence[User]:
        tables = self._tables()
        found = [
            each
            for each in tables.users.all()
            if not each.is_email_verified
            and each.customer_id is None
            and each.created_at < created_before
            and (after is None or each.id > after)
            and not any(True for _ in tables.sessions.find("user_id", each.id))
        ]
        return sorted(found, key=lambda each: each.id)[:limit]

    async def list_with_customer(self, *, after: UserId | None = None, limit: int) -> Sequence[User]:
        billed = [each for each in self._tables().users.all() if each.customer_id is not None]
        rest = [each for each in billed if after is None or each.id > after]
        return sorted(rest, key=lambda each: each.id)[:limit]


class MemoryUsers(MemoryUserReader):
    def __init__(self, workspace: Callable[[], Workspace], ids: Iterator[int]) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._ids = ids

    async def next_id(self) -> UserId:
        return UserId(next(self._ids))

    async def add(self, user: User) -> None:
        self._workspace().users.add(user)

    async def get(self, id: UserId, *, lock: bool = False) -> User:
        users = self._workspace().users
        user = users.get(id)
        if user is None:
            raise NotFound("user", id)
        if lock:
            users.lock(id)
        return user

    async def save(self, user: User) -> User:
        users = self._workspace().users
        stored = users.get(user.id)
        if stored is None or stored.version != user.version:
            raise Conflict("This is not the user that is stored.")
        return users.put(attrs.evolve(user, version=user.version + 1))

    async def delete(self, id: UserId) -> None:
        users = self._workspace().users
        user = users.get(id)
        if user is not None:
            users.drop(user)


_reads: type[UserReader] = MemoryUserReader
_users: type[Users] = MemoryUsers
