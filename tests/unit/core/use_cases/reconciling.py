"""What the tests of reconciling have in common: a provider that is changed behind the service's back."""

from collections.abc import Callable

from tests.unit.core.conftest import Core, Environment

from accounts_core import run_sync
from accounts_core.model import User
from accounts_core.model.drift import Kind, Reconciliation, Repair
from accounts_core.ports.payment_gateway import HoldRequest
from accounts_core.use_cases.cards.verify_card import VerificationResult


def verify(accounts: Core, user: User, token: str) -> str:
    verified = accounts.verify_card(user.id, payment_method=token)
    assert isinstance(verified, VerificationResult)
    return verified.payment_method


def hold(
    env: Environment, customer_id: str, verification_id: str = "cv_of_nobody", *, token: str = "pm_card_visa"
) -> str:
    """Freeze a dollar behind the service's back."""
    request = HoldRequest(
        verification_id=verification_id,
        customer_id=customer_id,
        payment_method=token,
        amount=100,
        currency="usd",
        return_url=None,
    )
    made = run_sync(env.gateway.hold(request, key=f"{verification_id}:{len(env.gateway.holds)}"))
    assert made.id is not None
    return made.id


def summary(found: Reconciliation) -> list[tuple[Kind, str, Repair]]:
    return [(drift.kind, drift.subject, drift.repair) for drift in found.drifts]


def another_customer(env: Environment, user: User, key: str = "double") -> str:
    return run_sync(env.gateway.create_customer(user_ref=user.hex_id, key=key)).id


def meanwhile(env: Environment, method: str, change: Callable[[], object]) -> None:
    """Have something change right after the provider was asked."""
    ask = getattr(env.gateway, method)

    async def asked(*args: object, **kwargs: object) -> object:
        answer = await ask(*args, **kwargs)
        delattr(env.gateway, method)
        change()
        return answer

    setattr(env.gateway, method, asked)
