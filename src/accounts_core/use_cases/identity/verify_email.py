"""Verify an email address with the link from a mail.

The link proves access to the mailbox, not ownership of the account: another person may have signed up with the address
and wait for its owner to click (account pre-hijacking). So one of these has to come with the link:

- the account's own access token: the browser that signed up confirms;
- the account's own password: the address is verified, and the account's sessions end, because it is not known who
  opened them;
- the password of the sign-up that the link belongs to: the unverified account with this address is deleted, as its user
  would delete it, and the account of the sign-up is opened with its address verified.

Anything else is refused and counted like a sign-in, and the link can be used again.
"""

from enum import Enum, auto
from typing import Final, Generic

import attrs

from accounts_core.errors import (
    AccountDeactivated,
    Conflict,
    EmailTaken,
    InvalidMailToken,
    InvalidToken,
    NotFound,
    WrongPassword,
)
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.events import Actor, SessionsEnded, UserRegistered
from accounts_core.model.ids import UserId
from accounts_core.model.mail_token import MailTokenPurpose
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.passwords import Password
from accounts_core.model.profile_data import D
from accounts_core.model.requester import Requester
from accounts_core.model.sign_up import SignUp
from accounts_core.model.tokens import MAILED, digest_of
from accounts_core.model.user import User
from accounts_core.ports.clock import Clock
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.email_verifier import EmailVerifier
from accounts_core.services.erasure import EraseUser
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.profiles import Profiles
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict

NEEDS_PASSWORD: Final = "Enter the password that you chose when you signed up."  # noqa: S105  a message, no secret

WRONG_PASSWORD: Final = "This is not the password that you chose when you signed up."  # noqa: S105  a message, no secret


class _Proof(Enum):
    """Proof that was sent with the link."""

    ACCESS_TOKEN = auto()
    ACCOUNT_PASSWORD = auto()
    SIGN_UP_PASSWORD = auto()


@attrs.frozen(kw_only=True)
class _Link:
    """The user and the sign-up that a link's token belongs to."""

    email: EmailAddress
    """The address that the link was mailed to."""
    user: User | None
    """The user who has this address, present or pending; None if there is no account."""
    sign_up: SignUp | None
    """The sign-up that the link was mailed for; None if it was mailed for the account."""

    @property
    def account(self) -> EmailAddress:
        """Return the address of the account whose password is tried: the present one if the link's is pending."""
        return self.email if self.user is None else self.user.email


@attrs.frozen
class VerifyEmail(Generic[D]):
    """Verify an email address with the token that was mailed to it."""

    _store: Store[UnitOfWork]
    _verifier: EmailVerifier
    _erase: EraseUser[UnitOfWork]
    _passwords: PasswordHasher
    _rate_limits: RateLimitPolicy
    _outbox: OutboxWriter
    _clock: Clock
    _profiles: Profiles[D]

    async def __call__(
        self, *, token: str, password: str | None = None, user_id: UserId | None = None, client: str | None = None
    ) -> User[D]:
        """Verify an email address with a mailed token, together with a password or the account's own access token.

        With the password of a sign-up, an unverified account that has the address is deleted, and the account of the
        sign-up is opened instead: the user who is returned is then another one.

        Args:
            token: The token from the link.
            password: The password of the account, or of the sign-up that the link belongs to, at most 1,024 bytes of
                UTF-8. With the account's own `user_id` it is not needed.
            user_id: The user whose access token came with the call; None without one.
            client: The IP address of the client, for rate limits; None if it is not known.

        Returns:
            The user whose address is verified.

        Raises:
            InvalidMailToken: The token is malformed, unknown, used or expired, or the address does not wait for
                verification any more.
            WrongPassword: On `password`, which is missing or is neither of the two; the token can be used again.
            Invalid: On `password`, which is too long or has characters that no password can have.
            AccountDeactivated: The password is the account's, but the account is deactivated; restore it first.
            EmailTaken: Another account has the address by now.
            DeletionBlocked: Data of the host application prevents the deletion of the unverified account.
            RateLimitExceeded: Too many tokens (`recovery`) or passwords (`sign-in`) were tried from this client, for
                this account or in total.
            TooManyFailures: Too many wrong passwords in a row were tried for this account.

        """
        await self._rate_limits.consume_mail_token(client)
        typed = None if password is None else Password(password)

        async def attempt() -> tuple[_Link, User, tuple[OutboxJob, ...]]:
            async with self._store.begin() as work:
                link = await self._find(work, token)
            if link.user is not None and link.user.id == user_id:
                return link, *await self._confirm(token, link, _Proof.ACCESS_TOKEN)
            if typed is None:
                raise WrongPassword("password", NEEDS_PASSWORD)
            await self._count(link, client)
            confirmed = await self._confirm(token, link, await self._proof_of(link, typed, client))
            if link.user is not None:
                await self._rate_limits.reset_failures(link.account)
            return link, *confirmed

        link, user, jobs = await retry_on_conflict(self._store, attempt)
        await self._outbox.dispatch_now(*jobs)
        await self._verifier.reset_failures(link.user, user)
        return self._profiles.bind(user)

    async def _count(self, link: _Link, client: str | None) -> None:
        """Count a password that is tried.

        Raises:
            RateLimitExceeded: Too many were tried.

        """
        if link.user is None:
            assert link.sign_up is not None
            await self._rate_limits.consume_sign_up_password(link.sign_up.id, link.email, client)
        else:
            await self._rate_limits.consume_sign_in(link.account, client)

    async def _find(self, work: UnitOfWork, token: str) -> _Link:
        """Find what the token belongs to, and lock the user who has its address.

        Raises:
            InvalidMailToken: It belongs to nothing that waits for verification.

        """
        try:
            digest = digest_of(token, prefix=MAILED)
        except InvalidToken:
            raise InvalidMailToken from None
        now = self._clock.now()
        mailed = await work.mail_tokens.find(digest)
        if mailed is not None:
            if mailed.purpose is not MailTokenPurpose.VERIFY_EMAIL or not mailed.is_live(now=now):
                raise InvalidMailToken
            user = await _locked(work, mailed.user_id)
            waiting = user.unverified_email
            if not user.is_active or waiting is None or not mailed.email.is_same_mailbox(waiting):
                raise InvalidMailToken
            return _Link(email=mailed.email, user=user, sign_up=None)
        sign_up = await work.sign_ups.find_by_digest(digest)
        if sign_up is None or not sign_up.is_live(now=now):
            raise InvalidMailToken
        holder = await work.users.find_by_email(sign_up.email)
        if holder is not None:
            holder = await _locked(work, holder.id)
            if holder.email_verified_at is not None or not holder.email.is_same_mailbox(sign_up.email):
                raise InvalidMailToken
        return _Link(email=sign_up.email, user=holder, sign_up=sign_up)

    async def _confirm(self, token: str, seen: _Link, proof: _Proof) -> tuple[User, tuple[OutboxJob, ...]]:
        """Do what the proof allows, if nothing has changed since the link was `seen`.

        Raises:
            Conflict: Something has changed.

        """
        try:
            async with self._store.begin() as work:
                if await self._find(work, token) != seen:
                    raise Conflict("The account changed while the password was checked.")
                if proof is _Proof.SIGN_UP_PASSWORD:
                    assert seen.sign_up is not None
                    return await self._open(work, seen.sign_up, instead_of=seen.user)
                assert seen.user is not None
                if proof is _Proof.ACCOUNT_PASSWORD:
                    await self._end_sessions(work, seen.user.id)
                return await self._verifier.verify_in(work, seen.user, by=Actor.USER)
        except EmailTaken as error:
            if seen.sign_up is None:
                raise
            raise Conflict("Another account was opened with this address meanwhile.") from error

    async def _open(
        self, work: UnitOfWork, sign_up: SignUp, *, instead_of: User | None
    ) -> tuple[User, tuple[OutboxJob, ...]]:
        """Open the account of a sign-up, its address verified, in place of the unverified one with this address."""
        jobs = () if instead_of is None else tuple(await self._erase.erase(work, instead_of, by=Actor.USER))
        now = self._clock.now()
        stored, profile = self._profiles.stored(sign_up.profile_data), self._profiles.read(sign_up.profile_data)
        user = sign_up.to_user(id=await work.users.next_id(), at=now, profile_data=stored).verify_email(at=now)
        await work.users.add(user)
        work.record(UserRegistered(user_id=user.id, at=now, email=user.email, profile=profile))
        await self._verifier.follow(work, user, by=Actor.USER)
        return user, jobs

    async def _proof_of(self, link: _Link, typed: Password, client: str | None) -> _Proof:
        """Return the account or sign-up that the password belongs to.

        Raises:
            WrongPassword: It is neither the account's nor the sign-up's.
            AccountDeactivated: It is the account's, which is deactivated.

        """
        requester = Requester.of(link.account, client)
        if link.user is not None and await self._passwords.verify(link.user.password_hash, typed, requester=requester):
            if not link.user.is_active:
                raise AccountDeactivated
            return _Proof.ACCOUNT_PASSWORD
        sign_up = link.sign_up
        if sign_up is not None and await self._passwords.verify(sign_up.password_hash, typed, requester=requester):
            return _Proof.SIGN_UP_PASSWORD
        raise WrongPassword("password", WRONG_PASSWORD)

    async def _end_sessions(self, work: UnitOfWork, user_id: UserId) -> None:
        count = await work.sessions.delete_for_user(user_id)
        if count:
            work.record(SessionsEnded(user_id=user_id, at=self._clock.now(), count=count))


async def _locked(work: UnitOfWork, user_id: UserId) -> User:
    try:
        return await work.users.get(user_id, lock=True)
    except NotFound:
        raise InvalidMailToken from None
