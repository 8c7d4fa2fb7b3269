"""Signing up.

An account whose address is not verified belongs to the person who signed up first, and a later sign-up never changes
it. The later one gets a link of its own by mail (`SignUp`). Together with the password of that sign-up the link opens
an account in place of the unverified one (`confirm_email`), so neither of two people gets into the other's account.
"""

import attrs

from accounts_core.errors import Conflict, EmailTaken
from accounts_core.model.email import Email
from accounts_core.model.events import Actor, UserRegistered
from accounts_core.model.outbox import Topic
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.applicants import Applicant, Applicants
from accounts_core.services.attempts import Attempts
from accounts_core.services.outbox_writer import Effects
from accounts_core.services.retry import settle


@attrs.frozen
class Register:
    """Sign somebody up."""

    _store: Store[UnitOfWork]
    _applicants: Applicants
    _attempts: Attempts
    _effects: Effects
    _clock: Clock

    async def __call__(
        self, *, email: Email | str, password: str, name: str, client: str | None = None, by: Actor = Actor.USER
    ) -> User:
        """Add an active user with an address that is not verified, and have a mail sent to verify it with.

        Where an unverified account has the address, a mail is sent all the same: with its link and this password the
        account is opened anew. An address gets a limited number of mails; beyond it, nothing but the mail is missing.

        Args:
            email: The address, as typed.
            password: The password to sign in with.
            name: The person's name.
            client: The address that the call comes from.
            by: Whose doing it is.

        Raises:
            Invalid: On `email`, `password` or `name`.
            EmailTaken: An account has this address, verified or not.
            Conflict: Another sign-up was first, within a transaction that is not this call's own.
            LimitExceeded: Too many sign-ups.

        """
        applicant = await self._applicants.check(email=email, password=password, name=name, client=client)
        await self._attempts.clear_free_address(self._store, applicant.email)

        async def attempt() -> User | None:
            try:
                return await self._enter(applicant, by)
            except EmailTaken as error:
                raise Conflict("Another sign-up with this address was first.") from error

        try:
            user = await settle(self._store, attempt)
        except Conflict as conflict:
            # a unit that goes on has failed by then, and whoever opened it has to begin again
            if self._store.commits and isinstance(conflict.__cause__, EmailTaken):
                raise conflict.__cause__ from None
            raise
        if user is None:
            raise EmailTaken(applicant.email.address)
        return user

    async def _enter(self, applicant: Applicant, by: Actor) -> User | None:
        """Add the user, or return None where an account has the address."""
        async with self._store.begin() as work:
            holder = await work.users.find_by_email(applicant.email)
            if holder is not None:
                if holder.email_verified_at is None and holder.email.is_same_mailbox(applicant.email):
                    # it was told that the address is taken, so without the link no account may come of it
                    await self._applicants.enqueue(work, applicant, opens=False)
                return None
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
            if applicant.may_mail:
                await self._effects.put_for_worker(work, Topic.VERIFICATION_MAIL, user=str(user.id))
        return user
