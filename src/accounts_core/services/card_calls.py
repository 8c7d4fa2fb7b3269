"""Provider calls of a card verification that are safe to repeat.

Each call has an idempotency key made from the verification and the step. A caller that continues an interrupted step
first looks for the object by the verification's id that it carries: the provider may have expired the key, and clocks
cannot tell, because another machine's may be wrong by a day. Only an object that is not there is requested, with the
same key. If the provider replays the same failure for that key, the object is looked up once more. A second hold is
never placed without looking.
"""

from datetime import timedelta
from typing import Final

import attrs

from accounts_core.errors import ProviderAmbiguous
from accounts_core.model.customer import Customer
from accounts_core.model.user import User
from accounts_core.model.verification import CardVerification
from accounts_core.ports.clock import Clock
from accounts_core.ports.payment_gateway import Hold, HoldRequest, PaymentGateway

SETTLED_AFTER: Final = timedelta(minutes=15)
"""Time after a replayed failure from which an object that cannot be found will not appear any more."""


@attrs.frozen
class CardCalls:
    """The provider calls of a card verification.

    Each raises `ProviderError`. After `ProviderAmbiguous`, call it again later.
    """

    _payments: PaymentGateway
    _clock: Clock

    async def customer(self, v: CardVerification, user: User, *, is_first: bool) -> Customer:
        """Find or create the provider's customer of a user who has none here yet.

        Name and address are sent later, because a repeat with the same key must have the same content. `is_first` says
        that nobody can have requested it before.
        """
        key = f"customer:{user.hex_id}:{user.lost_customers}"
        customer = None if is_first else await self._payments.find_customer(user.hex_id)
        if customer is not None:
            return customer
        try:
            return await self._payments.create_customer(user_ref=user.hex_id, key=key)
        except ProviderAmbiguous as lost:
            customer = await self._payments.find_customer(user.hex_id) if lost.replays else None
            if customer is not None:
                return customer
            if not (lost.replays and self._is_settled(v)):
                raise
            return await self._payments.create_customer(user_ref=user.hex_id, key=self._fresh(key))

    async def hold(self, v: CardVerification, *, is_first: bool) -> Hold | None:
        """Find or place the hold; return None if it failed at the provider and certainly does not exist.

        `is_first` says that nobody can have requested it before.
        """
        assert v.customer_id is not None
        request = HoldRequest(
            verification_id=v.id,
            customer_id=v.customer_id,
            payment_method=v.requested,
            amount=v.amount,
            currency=v.currency,
            return_url=v.return_url,
        )
        found = None if is_first else await self._find_hold(v)
        if found is not None:
            return found
        key = f"{v.id}:hold"
        if v.has_lost_customer:  # the request names another customer, and the first key belongs to the first request
            key += ":again"
        try:
            return await self._payments.hold(request, key=key)
        except ProviderAmbiguous as lost:
            if not lost.replays:
                raise
            found = await self._find_hold(v)
            if found is None and not self._is_settled(v):
                raise
            return found

    async def release(self, v: CardVerification) -> None:
        """Release the hold. A key under which only a failure is replayed is replaced: releasing twice is harmless."""
        assert v.hold_id is not None
        key = f"{v.id}:release"
        try:
            await self._payments.release(v.hold_id, key=key)
        except ProviderAmbiguous as lost:
            if not lost.replays:
                raise
            await self._payments.release(v.hold_id, key=self._fresh(key))

    async def attach(self, v: CardVerification) -> None:
        """Attach the card to the customer, which is safe to repeat under another key.

        Raises:
            NotFound: The card or the customer does not exist.

        """
        assert v.customer_id is not None
        assert v.payment_method is not None
        key = f"{v.id}:attach"
        try:
            await self._payments.attach(customer_id=v.customer_id, payment_method=v.payment_method, key=key)
        except ProviderAmbiguous as lost:
            if not lost.replays:
                raise
            fresh = self._fresh(key)
            await self._payments.attach(customer_id=v.customer_id, payment_method=v.payment_method, key=fresh)

    async def _find_hold(self, v: CardVerification) -> Hold | None:
        assert v.customer_id is not None
        return await self._payments.find_hold(customer_id=v.customer_id, verification_id=v.id)

    def _is_settled(self, v: CardVerification) -> bool:
        return self._clock.now() - v.updated_at >= SETTLED_AFTER

    def _fresh(self, key: str) -> str:
        return f"{key}:{int(self._clock.now().timestamp())}"
