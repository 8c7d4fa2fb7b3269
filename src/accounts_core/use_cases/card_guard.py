"""Against card testing: whoever has a list of stolen cards wants to know which of them work.

A verification tells, so it is limited three times: by user, by client address, and by the card itself, which many users
may have been made for. A refused attempt asks the provider for no hold.
"""

import attrs

from accounts_core.model.ids import UserId
from accounts_core.model.limit import VERIFY_CARD
from accounts_core.model.policy import Policy
from accounts_core.ports.clock import Clock
from accounts_core.ports.limits import Limits


@attrs.frozen
class CardGuard:
    """Counts verifications; without `limits` it lets everything through."""

    _limits: Limits | None
    _clock: Clock
    _policy: Policy

    @property
    def counts_cards(self) -> bool:
        """Whether a card's fingerprint has to be known before it is held."""
        return self._limits is not None

    async def admit(self, user_id: UserId, client: str | None) -> None:
        """Count a new verification of this user, from this client address. Raises `LimitExceeded`."""
        await self._spend(f"user:{user_id}")
        if client is not None:
            await self._spend(f"client:{client}")

    async def admit_card(self, fingerprint: str | None) -> None:
        """Count a verification of this card, whoever asks for it. Raises `LimitExceeded`."""
        if fingerprint is not None:
            await self._spend(f"card:{fingerprint}")

    async def _spend(self, scope: str) -> None:
        if self._limits is not None:
            await self._limits.spend(VERIFY_CARD, scope, self._policy.limit(VERIFY_CARD), now=self._clock.now())
