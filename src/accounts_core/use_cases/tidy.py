import attrs

from accounts_core.model.idempotency import KEPT_FOR
from accounts_core.model.policy import Policy
from accounts_core.ports.clock import Clock
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.use_cases.provider_events import REMEMBERED_FOR
from accounts_core.use_cases.repair_times import RepairTimes


@attrs.frozen(kw_only=True)
class Tidied:
    """How much was forgotten, of each kind."""

    sessions: int
    mail_tokens: int
    requests: int
    provider_events: int


@attrs.frozen
class Tidy:
    """Forget what has had its time: for a worker, once a day. None of it has any effect any longer."""

    _store: Store[UnitOfWork]
    _clock: Clock
    _policy: Policy
    _repair_times: RepairTimes

    async def __call__(self) -> Tidied:
        """Remove sessions that are over, tokens that expired, answers and events that cannot be asked for again.

        Times that lie too far ahead are repaired first, as `repair_times` does.
        """
        await self._repair_times()
        now = self._clock.now()
        async with self._store.begin() as work:
            return Tidied(
                sessions=await work.sessions.forget_over(now=now, idle=self._policy.sessions.idle),
                mail_tokens=await work.mail_tokens.forget_expired(now=now),
                requests=await work.kept_requests.forget_before(now - KEPT_FOR),
                provider_events=await work.provider_events.forget_before(now - REMEMBERED_FOR),
            )
