"""Verify a card: place a small hold, release it, and keep the card.

The verification row and its outbox job are committed before the provider is called, in the transaction that checked
with the user locked that a verification is needed. `CardVerifier` then performs the steps.
"""

import re
from typing import Final
from urllib.parse import urlsplit

import attrs

from accounts_core.errors import (
    CardDeclined,
    Invalid,
    InvalidToken,
    NeedsCommit,
    NotFound,
    ProviderBusy,
    RateLimitExceeded,
    VerificationInProgress,
)
from accounts_core.model.card_numbers import holds_card_number, refuse_card_number_in_url
from accounts_core.model.ids import UserId
from accounts_core.model.jobs import VerifyCardJob
from accounts_core.model.payment_method import Cards
from accounts_core.model.policy import Policy
from accounts_core.model.rate_limits import CARD, VERIFY_CARD
from accounts_core.model.secret_values import ClientSecret, NextAction
from accounts_core.model.tokens import ACCESS, MAILED
from accounts_core.model.verification import CardVerification, State
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.card_progress import PROVIDER_FAILED, TOO_MANY_ATTEMPTS, Progress, job_id
from accounts_core.services.card_verifier import CardVerifier
from accounts_core.services.outbox_writer import OutboxWriter
from accounts_core.services.rate_limit_policy import RateLimitPolicy
from accounts_core.services.retry import retry_on_conflict

MAX_URL: Final = 2048

MAX_ID: Final = 255

_PAYMENT_METHOD: Final = re.compile(r"\A[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]+", re.ASCII)
"""Format of a provider's ids: a prefix, `_`, then letters and digits. The gateway decides which ids exist."""

_SECRET: Final = re.compile(rf"^(?:{ACCESS}|{MAILED}|sk_|rk_|whsec_)|_secret_")
"""Access tokens, mail tokens, API keys and client secrets. The requested id is stored, and a secret must not be."""


@attrs.frozen(kw_only=True)
class VerificationResult:
    """Result of `verify_card`: the card belongs to the user."""

    payment_method: str
    """The id of the user's card. May differ from the requested id: a test token becomes a payment method of its own."""


@attrs.frozen(kw_only=True)
class ActionRequired:
    """Result of `verify_card`: the bank asks for card authentication; call it again afterwards."""

    verification_id: str
    """The id of the open verification."""
    client_secret: ClientSecret | None
    """For the provider's client library, which runs the authentication in the browser."""
    next_action: NextAction | None
    """The provider's own description of the step, such as the URL to redirect to."""


@attrs.frozen(kw_only=True)
class _Request:
    """The checked arguments of one call."""

    user_id: UserId
    requested: str
    return_url: str | None
    idempotency_key: str | None


@attrs.frozen
class VerifyCard:
    """Verify a card and add it to a user."""

    _store: Store[UnitOfWork]
    _verifier: CardVerifier
    _rate_limits: RateLimitPolicy
    _outbox: OutboxWriter
    _clock: Clock
    _policy: Policy

    async def __call__(
        self,
        user_id: UserId,
        *,
        payment_method: str,
        return_url: str | None = None,
        client: str | None = None,
        idempotency_key: str | None = None,
    ) -> VerificationResult | ActionRequired:
        """Verify a card with a hold that is released again, and add the card to the user.

        Call it again with the same arguments to finish a verification that waits for card authentication, or to
        continue one that an error interrupted. No second hold is placed for a card that the user has, nor by the first
        call after an authentication that was finished otherwise, for example through a provider event.

        Args:
            user_id: The user who is to own the card.
            payment_method: The provider's payment method id, at most 255 characters.
            return_url: `http` or `https` URL, at most 2048 characters, to which the bank redirects the browser after
                card authentication. None if it has none.
            client: IP address of the caller, for rate limits. None is not counted by address.
            idempotency_key: Idempotency key, at most 255 characters. Calls of a user with one key are one verification,
                and get its outcome. None for a request without a key.

        Returns:
            `VerificationResult`, or `ActionRequired` while the bank asks for card authentication.

        Raises:
            NeedsCommit: The store takes part in the application's transaction, and this call commits between provider
                calls.
            Invalid: On `payment_method`: malformed, unknown to the provider, or of a kind that it cannot use here. On
                `return_url`: not a web address, or it holds a card number. On `value`: `idempotency_key` cannot be
                stored.
            RateLimitExceeded: Too many changes (`write`) or card verifications (`verify-card`) by this user, or
                verifications from this client or of this card.
            NotFound: No such user.
            VerificationInProgress: Another call is verifying this card.
            CardDeclined: The bank or the provider declined, card authentication failed or took too long
                (`verification_abandoned`), or the provider released the hold early (`verification_lapsed`).
            InvalidToken: The user was deleted during the call.
            ProviderError: The provider is busy or failed (`ProviderBusy`), its answer was lost (`ProviderAmbiguous`),
                or it refused (`ProviderRefused`). Call again: an interrupted verification continues where it stopped.
            Unavailable: The database is away. Call again: an interrupted verification continues where it stopped.

        """
        if not self._store.commits:
            raise NeedsCommit
        request = _Request(
            user_id=user_id,
            requested=_checked_payment_method(payment_method),
            return_url=_checked_return_url(return_url),
            idempotency_key=idempotency_key,
        )
        await self._rate_limits.consume_write(user_id)
        existing = await retry_on_conflict(self._store, lambda: self._find(request))
        if existing is None:
            await self._rate_limits.consume_verification(user_id, client)
            found, is_only_one = await retry_on_conflict(self._store, lambda: self._open(request))
        else:
            found, is_only_one = existing, False
        if isinstance(found, VerificationResult):
            return found
        verification = found.id
        try:
            progress = await self._verifier.drive(verification, is_new=is_only_one)
        except NotFound:  # the verification was deleted with its user
            raise InvalidToken from None
        if not progress.verification.is_open and progress.verification.outcome_undelivered:
            await retry_on_conflict(self._store, lambda: self._mark_delivered(verification))
        if progress.verification.code == TOO_MANY_ATTEMPTS:
            raise RateLimitExceeded(VERIFY_CARD, self._policy.limit(VERIFY_CARD, CARD).period)
        return _outcome(progress)

    async def _find(self, request: _Request) -> VerificationResult | CardVerification | None:
        """Return what there is before the verification counts for the rate limit: the card, a verification, or None."""
        async with self._store.begin() as work:
            return await self._look(work, request)

    async def _look(self, work: UnitOfWork, request: _Request) -> VerificationResult | CardVerification | None:
        """Return the user's card or the verification to continue or to report; None if a new verification is needed.

        Raises:
            NotFound: No such user.
            VerificationInProgress: Another call is driving the verification.

        """
        await work.users.get(request.user_id, lock=True)
        if request.idempotency_key is not None:
            same = await work.verifications.find_by_idempotency_key(request.user_id, request.idempotency_key)
            if same is not None and not same.is_open:
                return same
        cards = await work.payment_methods.list_for_user(request.user_id)
        if request.requested in cards:
            return VerificationResult(payment_method=request.requested)
        found = await work.verifications.find_open(request.user_id, request.requested)
        if found is None:
            ended = await work.verifications.find_latest(request.user_id, request.requested)
            return ended if ended is not None and self._is_undelivered(ended, cards) else None
        if found.state is State.REQUIRES_ACTION or found.is_stale(now=self._clock.now()):
            return found
        raise VerificationInProgress

    def _is_undelivered(self, ended: CardVerification, cards: Cards) -> bool:
        """Return whether this call has to report the outcome of an ended verification instead of placing a hold."""
        if not ended.outcome_undelivered or self._clock.now() >= ended.updated_at + self._policy.cards.challenge_limit:
            return False
        if ended.state is State.VERIFIED:
            return ended.payment_method in cards
        return ended.state in {State.DECLINED, State.FAILED}

    async def _mark_delivered(self, id: str) -> None:
        """Record that the outcome is reported, so that the next call starts another verification."""
        async with self._store.begin() as work:
            verification = await work.verifications.find(id)
            if verification is not None and verification.outcome_undelivered:
                await work.verifications.save(verification.mark_delivered())

    async def _open(self, request: _Request) -> tuple[VerificationResult | CardVerification, bool]:
        """Return the verification to drive, an open or a new one, and whether it is the user's only open one.

        If others are open, one of them may have created the customer already. All of this is one transaction with the
        user locked: if the check came before it, a late call could place a second hold.
        """
        async with self._store.begin() as work:
            found = await self._look(work, request)
            if found is not None:
                return found, False
            others = await work.verifications.list_open_for_user(request.user_id)
            now = self._clock.now()
            verification = CardVerification(
                id=self._outbox.new_id("cv"),
                user_id=request.user_id,
                requested=request.requested,
                idempotency_key=request.idempotency_key,
                amount=self._policy.cards.amount,
                currency=self._policy.cards.currency,
                return_url=request.return_url,
                created_at=now,
                updated_at=now,
            )
            await work.verifications.add(verification)
            await work.outbox.add(
                self._outbox.job(job_id(verification.id), VerifyCardJob(verification=verification.id))
            )
            return verification, not others


def _checked_payment_method(id: str) -> str:
    if len(id) > MAX_ID or not _PAYMENT_METHOD.fullmatch(id) or _SECRET.search(id) or holds_card_number(id):
        raise Invalid("payment_method", "This is not the id of a payment method.")
    return str(id)


def _checked_return_url(url: str | None) -> str | None:
    if url is None:
        return None
    if not _is_web_address(url):
        raise Invalid("return_url", "This is not a web address that a browser can be sent to.")
    refuse_card_number_in_url("return_url", url)
    return str(url)


def _is_web_address(url: str) -> bool:
    if len(url) > MAX_URL or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _outcome(progress: Progress) -> VerificationResult | ActionRequired:
    """Return the result of a verification, or raise the error that reports its outcome."""
    v = progress.verification
    match v.state:
        case State.VERIFIED:
            assert v.payment_method is not None
            return VerificationResult(payment_method=v.payment_method)
        case State.REQUIRES_ACTION:
            challenge = progress.challenge
            assert challenge is not None
            return ActionRequired(
                verification_id=v.id,
                client_secret=None if challenge.client_secret is None else ClientSecret(challenge.client_secret),
                next_action=None if challenge.next_action is None else NextAction(challenge.next_action),
            )
        case State.DECLINED:
            raise CardDeclined(v.code or "card_declined", v.decline_code)
        case State.LAPSED:
            raise CardDeclined("verification_lapsed", None)
        case State.ABANDONED:
            raise CardDeclined("verification_abandoned", None)
        case State.FAILED if v.code == "resource_missing":
            raise Invalid("payment_method", "No such payment method.")
        case State.FAILED if v.code == PROVIDER_FAILED or v.has_lost_customer:
            raise ProviderBusy("The payment provider failed, and nothing is held. Ask again.")
        case _:
            raise Invalid("payment_method", f"The payment provider cannot use this payment method ({v.code}).")
