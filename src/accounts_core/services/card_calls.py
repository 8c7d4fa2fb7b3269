"""Asking the provider so that asking twice does nothing twice.

Each call of a verification has a key made of the verification and the step. Whoever goes on where somebody else stopped
looks first whether the thing is there, by the id that it carries: the key may be forgotten by then, and no clock says
for certain whether it is, because another machine's may have been wrong by a day. Only what is not there is asked for,
under the same key. When that brings the same failure for ever, the thing is looked up once more. Never a second hold in
the blind.
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
"""After a failure that the provider keeps, what cannot be found by then will not come any more."""


@attrs.frozen
class CardCalls:
    """The calls of a card verification. Each raises `ProviderError`; after `ProviderAmbiguous`, call it again later."""

    _payments: PaymentGateway
    _clock: Clock

    async def customer(self, v: CardVerification, user: User, *, is_first: bool) -> Customer:
        """Return the provider's customer for a user who has none here yet, made or found.

        What may change, name and address, is told afterwards: the same key has to say the same. `is_first`: nobody can
        have asked for it before.
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
        """Return the hold, made or found; None when it failed at the provider and is certain not to be there.

        `is_first`: nobody can have asked for it before.
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
        if v.has_lost_customer:  # with another customer it is another request, which the first key does not take
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
        """Let the hold go. It is let go whatever key does it, so a key that only fails is left behind."""
        assert v.hold_id is not None
        key = f"{v.id}:release"
        try:
            await self._payments.release(v.hold_id, key=key)
        except ProviderAmbiguous as lost:
            if not lost.replays:
                raise
            await self._payments.release(v.hold_id, key=self._fresh(key))

    async def attach(self, v: CardVerification) -> None:
        """Give the card to the customer; under another key, too, it is given once. Raises `NotFound`."""
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
