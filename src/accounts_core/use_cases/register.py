import attrs

from accounts_core.model.email import Email
from accounts_core.model.events import UserRegistered
from accounts_core.model.passwords import Password
from accounts_core.model.policy import Policy
from accounts_core.model.text import one_line
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.credentials import email_of
from accounts_core.use_cases.retrying import settle


@attrs.frozen
class Register:
    """Sign somebody up."""

    _store: Store[UnitOfWork]
    _passwords: PasswordHasher
    _clock: Clock
    _policy: Policy

    async def __call__(self, *, email: Email | str, password: str, name: str) -> User:
        """Add an active user with an address that is not verified.

        Raises `Invalid` on `email`, `password` or `name`, and `EmailTaken`.
        """
        address = email_of(email)
        chosen = Password(password)
        self._policy.passwords.check(chosen)
        one_line("name", name)  # before the hashing, which is dear
        password_hash = await self._passwords.hash(chosen)

        async def attempt() -> User:
            async with self._store.begin() as work:
                now = self._clock.now()
                user = User.register(
                    id=await work.users.next_id(), email=address, name=name, password_hash=password_hash, at=now
                )
                await work.users.add(user)
                work.record(UserRegistered(user_id=user.id, at=now, email=user.email))
            return user

        return await settle(self._store, attempt)
