"""What tells whether a span of time is over, for the table in `test_spans`."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment, signed_up

from accounts_core import run_sync
from accounts_core.errors import (
    AccountsError,
    ProviderBusy,
    ReauthenticationRequired,
)
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.idempotency import IdempotencyRecord
from accounts_core.model.ids import UserId
from accounts_core.model.profile import ProfileFields
from accounts_core.model.rate_limits import RateLimit
from accounts_core.model.secret_values import PasswordHash
from accounts_core.model.sign_up import SignUp
from accounts_core.ports.payment_gateway import HoldRequest
from accounts_core.testing.builders import NOON
from accounts_memory import MemoryRateLimiter

A_MICROSECOND: Final = timedelta(microseconds=1)
EMAIL: Final = "jane@example.org"

Probe = Callable[[Environment, timedelta], object]


def outcome(call: Callable[[], object]) -> object:
    """Return whether a call goes through."""
    try:
        call()
    except AccountsError as error:
        return type(error)
    return True


def limited(limit: RateLimit) -> Probe:
    def probe(env: Environment, later: timedelta) -> object:
        limits = MemoryRateLimiter()
        for _ in range(limit.count):
            run_sync(limits.consume("name", {"scope": limit}, now=NOON))
        return outcome(lambda: run_sync(limits.consume("name", {"scope": limit}, now=NOON + later)))

    return probe


def a_request(**changes: Any) -> IdempotencyRecord:
    values: dict[str, Any] = {"claimed_until": NOON + timedelta(seconds=60), "created_at": NOON, "answer": None}
    return IdempotencyRecord(scope=b"s" * 32, user_id=UserId(1), fingerprint=b"f", claim="clm_1", **values | changes)


def claimed_for(env: Environment, later: timedelta) -> object:
    """A claim is made by `run_idempotent`; a performer that dies leaves it behind."""
    accounts = env.accounts()
    user = signed_up(accounts, env, EMAIL, "Jane")

    class Died(BaseException):
        pass

    async def perform(_: object) -> Any:
        raise Died

    def once() -> None:
        accounts.run_idempotent(user.id, scope=b"s" * 32, fingerprint=b"f" * 32, perform=perform)

    with suppress(Died):
        once()
    env.clock.advance(later)
    try:
        once()
    except Died:
        return True
    except AccountsError:
        return False
    raise AssertionError


def a_sign_up(later: timedelta) -> bool:
    sign_up = SignUp.request(
        id="sgn_1",
        email=EmailAddress(EMAIL),
        profile=ProfileFields(name="Jane"),
        password_hash=PasswordHash("hash"),
        at=NOON,
    )
    return sign_up.is_live(now=NOON + later)


def verification_link(env: Environment, later: timedelta) -> object:
    accounts = env.accounts()
    user = accounts.register(email=EMAIL, password=PASSWORD, name="Jane")
    accounts.run_due()
    token = env.mailer.delivered[-1].values["token"]
    env.clock.advance(later)
    return outcome(lambda: accounts.verify_email(token=token, user_id=user.id)) is True


def reset_link(env: Environment, later: timedelta) -> object:
    accounts = env.accounts()
    signed_up(accounts, env, EMAIL, "Jane")
    accounts.forgot_password(email=EMAIL)
    accounts.run_due()
    token = env.mailer.delivered[-1].values["token"]
    env.clock.advance(later)
    return outcome(lambda: accounts.reset_password(token=token, password=OTHER_PASSWORD)) is True


def reauthentication(env: Environment, later: timedelta) -> object:
    accounts = env.accounts()
    user = signed_up(accounts, env, EMAIL, "Jane")
    env.clock.advance(later)
    change = outcome(lambda: accounts.update_profile(user.id, new_password=OTHER_PASSWORD, signed_in_at=NOON))
    assert change in {True, ReauthenticationRequired}
    return change is True


def challenge(env: Environment, later: timedelta) -> object:
    """A challenge that nobody answered is given up by whoever looks."""
    accounts = env.accounts()
    user = signed_up(accounts, env, EMAIL, "Jane")
    accounts.verify_card(user.id, payment_method="pm_card_authenticationRequired")
    env.clock.advance(later)
    return outcome(lambda: accounts.verify_card(user.id, payment_method="pm_card_authenticationRequired"))


def own_lease(env: Environment, later: timedelta) -> object:
    """What failed right after the commit is a worker's once the lease is over."""
    accounts = with_card(env)
    (card,) = accounts.list_payment_methods(UserId(1))
    env.gateway.fail_next("detach", ProviderBusy("away"))
    accounts.remove_payment_method(UserId(1), card.id)
    env.clock.advance(later)
    accounts.run_due()
    return any(job.topic == "detach_card" for job in accounts.list_outbox())


def with_card(env: Environment) -> Core:
    accounts = env.accounts()
    user = signed_up(accounts, env, EMAIL, "Jane")
    accounts.verify_card(user.id, payment_method="pm_card_visa")
    accounts.run_due()
    return accounts


def nobodys_hold(env: Environment, later: timedelta) -> object:
    """A hold that nobody here asked for is left alone while it is young; return whether it is."""
    accounts = with_card(env)
    customer_id = accounts.profile(UserId(1)).customer_id
    assert customer_id is not None
    # the provider's times are whole seconds
    env.clock.advance(timedelta(seconds=1, microseconds=-NOON.microsecond))
    request = HoldRequest(
        verification_id="cv_of_nobody",
        customer_id=customer_id,
        payment_method="pm_card_visa",
        amount=100,
        currency="usd",
        return_url=None,
    )
    run_sync(env.gateway.hold(request, key="cv_of_nobody:hold"))
    env.clock.advance(later)
    assert accounts.reconcile_cards().holds == 1
    return bool(env.gateway.open_holds())
