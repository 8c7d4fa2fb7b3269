"""Verify a card: hold a small sum, let it go, keep the card.

The verification is committed before the provider is asked anything, in the very transaction that looked whether one is
needed, with the user locked. `CardVerifier` then drives it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from accounts_core.errors import (
    CardDeclined,
    Invalid,
    InvalidToken,
    LimitExceeded,
    NeedsCommit,
    NotFound,
    ProviderBusy,
    VerificationInProgress,
)
from accounts_core.model.card_numbers import holds_card_number, refuse_card_number_in_url
from accounts_core.model.ids import UserId
from accounts_core.model.limit import CARD, VERIFY_CARD
from accounts_core.model.outbox import Topic
from accounts_core.model.payment_method import Cards
from accounts_core.model.policy import Policy
from accounts_core.model.tokens import ACCESS, MAILED
from accounts_core.model.verification import CardVerification, State
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.attempts import Attempts
from accounts_core.services.card_progress import PROVIDER_FAILED, TOO_MANY_ATTEMPTS, Progress, job_id
from accounts_core.services.card_verifier import CardVerifier
from accounts_core.services.outbox_writer import Effects
from accounts_core.services.retry import settle

MAX_URL: Final = 2048

MAX_ID: Final = 255

_PAYMENT_METHOD: Final = re.compile(r"\A[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]+", re.ASCII)
"""An id as payment providers make them: what it is, `_`, and letters and digits. Which ids are its own, the gateway
knows."""

_SECRET: Final = re.compile(rf"^(?:{ACCESS}|{MAILED}|sk_|rk_|whsec_)|_secret_")
"""Not an id, but somebody's secret in its place: what was asked for is kept, and this must not be."""


@attrs.frozen(kw_only=True)
class Verified:
    """The card is the user's."""

    payment_method: str


@attrs.frozen(kw_only=True)
class ActionRequired:
    """The bank wants the person to prove themself. Afterwards the same call finishes the verification."""

    verification_id: str
    client_secret: str | None = attrs.field(repr=False)
    next_action: Mapping[str, Any] | None = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class _Wish:
    user_id: UserId
    requested: str
    return_url: str | None
    request_key: str | None


@attrs.frozen
class VerifyCard:
    """Verify a card of a user, and keep it."""

    _store: Store[UnitOfWork]
    _verifier: CardVerifier
    _attempts: Attempts
    _effects: Effects
    _clock: Clock
    _policy: Policy

    async def __call__(
        self,
        user_id: UserId,
        *,
        payment_method: str,
        return_url: str | None = None,
        client: str | None = None,
        request_key: str | None = None,
    ) -> Verified | ActionRequired:
        """Start a verification, or go on with the one that waits for the person.

        `return_url` is where a challenge sends the browser back to, `client` the address that the call came from. A
        card that is verified already is answered without another hold, and so is the first call after a challenge that
        somebody else finished, such as the provider's event. Calls with one `request_key` (at most 255 characters) are
        one verification, whatever becomes of it. Raises:

        - `Invalid` on `payment_method` (no such one, or the provider cannot use it) or `return_url`;
        - `CardDeclined`, a failed challenge included;
        - `LimitExceeded`, by user, client address and card, when limits are kept;
        - `VerificationInProgress` while another call is verifying this card;
        - `ProviderBusy` and `ProviderAmbiguous` when the provider is away: nothing is lost, and asking again goes on
          where it stopped;
        - `NotFound` without such a user, `InvalidToken` when the user was deleted meanwhile, and `NeedsCommit` on a
          store that rides in a host's transaction.
        """
        if not self._store.commits:
            raise NeedsCommit
        wish = _Wish(
            user_id=user_id,
            requested=_checked_payment_method(payment_method),
            return_url=_checked_return_url(return_url),
            request_key=request_key,
        )
        await self._attempts.write(user_id)
        known = await settle(self._store, lambda: self._find(wish))
        if known is None:
            await self._attempts.verification(user_id, client)
            found, is_only_one = await settle(self._store, lambda: self._open(wish))
        else:
            found, is_only_one = known, False
        if isinstance(found, Verified):
            return found
        verification = found.id
        try:
            progress = await self._verifier.drive(verification, is_new=is_only_one)
        except NotFound:  # gone with its user
            raise InvalidToken from None
        if not progress.verification.is_open and progress.verification.unheard:
            await settle(self._store, lambda: self._heard(verification))
        if progress.verification.code == TOO_MANY_ATTEMPTS:
            raise LimitExceeded(VERIFY_CARD, self._policy.limit(VERIFY_CARD, CARD).period)
        return _outcome(progress)

    async def _find(self, wish: _Wish) -> Verified | CardVerification | None:
        """Look whether a verification is needed at all."""
        async with self._store.begin() as work:
            return await self._look(work, wish)

    async def _look(self, work: UnitOfWork, wish: _Wish) -> Verified | CardVerification | None:
        """Return what there is already: the card, or the verification to go on with or to hear the end of."""
        await work.users.get(wish.user_id, lock=True)
        if wish.request_key is not None:
            same = await work.verifications.find_by_request(wish.user_id, wish.request_key)
            if same is not None and not same.is_open:
                return same
        cards = await work.payment_methods.of(wish.user_id)
        if wish.requested in cards:
            return Verified(payment_method=wish.requested)
        found = await work.verifications.find_open(wish.user_id, wish.requested)
        if found is None:
            ended = await work.verifications.find_latest(wish.user_id, wish.requested)
            return ended if ended is not None and self._is_to_be_told(ended, cards) else None
        if found.state is State.REQUIRES_ACTION or found.is_stale(now=self._clock.now()):
            return found
        raise VerificationInProgress

    def _is_to_be_told(self, ended: CardVerification, cards: Cards) -> bool:
        """Whether it ended behind the back of its caller, who comes for the outcome and not for another hold."""
        if not ended.unheard or self._clock.now() >= ended.updated_at + self._policy.cards.challenge_limit:
            return False
        if ended.state is State.VERIFIED:
            return ended.payment_method in cards
        return ended.state in {State.DECLINED, State.FAILED}

    async def _heard(self, id: str) -> None:
        """Note that the caller is told how it ended: the next call is for another try."""
        async with self._store.begin() as work:
            verification = await work.verifications.find(id)
            if verification is not None and verification.unheard:
                await work.verifications.save(verification.heard())

    async def _open(self, wish: _Wish) -> tuple[Verified | CardVerification, bool]:
        """Return the verification to drive, a new one unless somebody has opened one meanwhile.

        And say whether it is the only one that is going on: another one may have come as far as making the customer.

        All in one transaction with the user locked: a look outside it would let a late call make a second hold.
        """
        async with self._store.begin() as work:
            found = await self._look(work, wish)
            if found is not None:
                return found, False
            others = await work.verifications.open_of(wish.user_id)
            now = self._clock.now()
            verification = CardVerification(
                id=self._effects.new_id("cv"),
                user_id=wish.user_id,
                requested=wish.requested,
                request_key=wish.request_key,
                amount=self._policy.cards.amount,
                currency=self._policy.cards.currency,
                return_url=wish.return_url,
                created_at=now,
                updated_at=now,
            )
            await work.verifications.add(verification)
            payload = {"verification": verification.id}
            await work.outbox.put(self._effects.job(job_id(verification.id), Topic.VERIFY_CARD, payload))
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


def _outcome(progress: Progress) -> Verified | ActionRequired:
    """Say to the caller what a verification came to."""
    v = progress.verification
    match v.state:
        case State.VERIFIED:
            assert v.payment_method is not None
            return Verified(payment_method=v.payment_method)
        case State.REQUIRES_ACTION:
            assert progress.challenge is not None
            return ActionRequired(
                verification_id=v.id,
                client_secret=progress.challenge.client_secret,
                next_action=progress.challenge.next_action,
            )
        case State.DECLINED:
            raise CardDeclined(v.code or "card_declined", v.decline_code)
        case State.LAPSED:
            raise CardDeclined("verification_lapsed", None)
        case State.ABANDONED:
            raise CardDeclined("verification_abandoned", None)
        case State.FAILED if v.code == "resource_missing":
            raise Invalid("payment_method", "There is no such payment method.")
        case State.FAILED if v.code == PROVIDER_FAILED or v.has_lost_customer:
            raise ProviderBusy("The payment provider failed, and nothing is held. Ask again.")
        case _:
            raise Invalid("payment_method", f"The payment provider cannot use this payment method ({v.code}).")
