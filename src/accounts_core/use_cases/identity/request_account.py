import attrs

from accounts_core.model.email import Email
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.applicants import Applicants
from accounts_core.services.retry import settle


@attrs.frozen
class RequestAccount:
    """Sign somebody up without telling them whether the address has an account: their mail tells."""

    _store: Store[UnitOfWork]
    _applicants: Applicants

    async def __call__(self, *, email: Email | str, password: str, name: str, client: str | None = None) -> None:
        """Write down that a worker signs them up, or mails whoever has the address: here, both are the same.

        Raises:
            Invalid: On `email`, `password` or `name`.
            LimitExceeded: Too many sign-ups.

        """
        applicant = await self._applicants.check(email=email, password=password, name=name, client=client)

        async def attempt() -> None:
            async with self._store.begin() as work:
                await self._applicants.enqueue(work, applicant, opens=True)

        await settle(self._store, attempt)
