import attrs

from accounts_core.model.email import Email
from accounts_core.model.events import Actor, UserRegistered
from accounts_core.model.outbox import Topic
from accounts_core.model.passwords import Password
from accounts_core.model.policy import Policy
from accounts_core.model.text import display_name
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.attempts import Attempts
from accounts_core.use_cases.credentials import email_of
from accounts_core.use_cases.effects import Effects
from accounts_core.use_cases.retrying import settle


@attrs.frozen(kw_only=True)
class _Applicant:
    email: Email
    name: str
    password_hash: str


@attrs.frozen
class Applicants:
    """Checks what somebody signs up with, and hashes the password."""

    _passwords: PasswordHasher
    _attempts: Attempts
    _policy: Policy

    async def check(self, *, email: Email | str, password: str, name: str, client: str | None) -> _Applicant:
        """Raises `Invalid` on `email`, `password` or `name`, and `LimitExceeded`."""
        address = email_of(email)
        chosen = Password(password)
        tidy = display_name("name", name)
        self._policy.passwords.check(chosen, tidy, address.address)
        await self._attempts.sign_up(client)
        return _Applicant(email=address, name=tidy, password_hash=await self._passwords.hash(chosen))


@attrs.frozen
class Register:
    """Sign somebody up."""

    _store: Store[UnitOfWork]
    _applicants: Applicants
    _effects: Effects
    _clock: Clock

    async def __call__(
        self, *, email: Email | str, password: str, name: str, client: str | None = None, by: Actor = Actor.USER
    ) -> User:
        """Add an active user with an address that is not verified, and have a mail sent to verify it with.

        `client` is the address that the call comes from. Raises `Invalid` on `email`, `password` or `name`,
        `EmailTaken` and `LimitExceeded`.
        """
        applicant = await self._applicants.check(email=email, password=password, name=name, client=client)

        async def attempt() -> User:
            async with self._store.begin() as work:
                now = self._clock.now()
                user = User.register(
                    id=await work.users.next_id(),
                    email=applicant.email,
                    name=applicant.name,
                    password_hash=applicant.password_hash,
                    at=now,
                )
                await work.users.add(user)
                work.record(UserRegistered(user_id=user.id, at=now, by=by, email=user.email))
                await self._effects.put_for_worker(work, Topic.VERIFICATION_MAIL, user=str(user.id))
            return user

        return await settle(self._store, attempt)


@attrs.frozen
class RequestAccount:
    """Sign somebody up without telling them whether the address has an account: their mail tells."""

    _store: Store[UnitOfWork]
    _applicants: Applicants
    _effects: Effects

    async def __call__(self, *, email: Email | str, password: str, name: str, client: str | None = None) -> None:
        """Write down that a worker signs them up, or mails whoever has the address: here, both are the same.

        Raises `Invalid` on `email`, `password` or `name`, and `LimitExceeded`.
        """
        applicant = await self._applicants.check(email=email, password=password, name=name, client=client)
        async with self._store.begin() as work:
            await self._effects.put_for_worker(
                work,
                Topic.SIGN_UP,
                email=applicant.email.address,
                name=applicant.name,
                password_hash=applicant.password_hash,
            )
