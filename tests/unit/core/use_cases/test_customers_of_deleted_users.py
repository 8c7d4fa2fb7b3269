"""F13: what becomes of the provider's customer when its user is deleted, and of what hangs on it."""

from contextlib import nullcontext

import attrs
import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment
from tests.unit.core.use_cases.reconciling import meanwhile, verify

from accounts_core import Policy, run_sync
from accounts_core.errors import (
    DeletionBlocked,
    NotFound,
    ProviderAmbiguous,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    WrongPassword,
)
from accounts_core.model import Customer, User
from accounts_core.model.drift import Kind, Repair
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.policy import CustomerDeletion
from accounts_core.outbox.worker import WorkerRun
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.idempotency import IdempotentAnswer
from accounts_core.services.outbox_writer import LEASE

ALL = list(CustomerDeletion)


@attrs.frozen
class Billed:
    user: User
    customer_id: str
    card: str


@pytest.fixture
def billed(accounts: Core, jane: User, env: Environment) -> Billed:
    card = verify(accounts, jane, "pm_card_visa")
    customer_id = accounts.profile(jane.id).customer_id
    assert customer_id is not None
    return Billed(jane, customer_id, card)


def under(env: Environment, policy: CustomerDeletion) -> Core:
    return env.accounts(Policy(customer_deletion=policy))


def hang_on(env: Environment, billed: Billed) -> None:
    """Give the customer two subscriptions, a credit and a bank account."""
    env.gateway.set_subscriptions(billed.customer_id, 2)
    env.gateway.set_balance(billed.customer_id, -250)
    env.gateway.add_other_payment_method("pm_bank", customer_id=billed.customer_id)


def is_there(env: Environment, billed: Billed) -> bool:
    try:
        run_sync(env.gateway.retrieve_customer(billed.customer_id))
    except NotFound:
        return False
    return True


def is_deleted(accounts: Core, user: User) -> bool:
    try:
        accounts.profile(user.id)
    except NotFound:
        return True
    return False


LOST = {"subscriptions": 2, "balances": 1, "other_payment_methods": 1}


@pytest.mark.parametrize(
    ("policy", "destroyed", "kept", "blocked_by"),
    [
        (CustomerDeletion.BLOCK, LOST, {}, ("subscriptions",)),
        (CustomerDeletion.KEEP, {}, LOST, ()),
        (CustomerDeletion.DELETE, LOST, {}, ()),
    ],
)
def test_the_preview_names_what_hangs_on_the_customer(
    env: Environment,
    billed: Billed,
    policy: CustomerDeletion,
    destroyed: dict[str, int],
    kept: dict[str, int],
    blocked_by: tuple[str, ...],
) -> None:
    hang_on(env, billed)

    preview = under(env, policy).preview_deletion(billed.user.id)

    assert {name: preview.destroyed[name] for name in LOST if name in preview.destroyed} == destroyed
    assert {name: preview.disassociated[name] for name in LOST if name in preview.disassociated} == kept
    assert preview.blocked_by == blocked_by


@pytest.mark.parametrize("policy", ALL)
def test_what_is_not_there_is_not_named(env: Environment, billed: Billed, policy: CustomerDeletion) -> None:
    preview = under(env, policy).preview_deletion(billed.user.id)

    assert set(LOST).isdisjoint({*preview.destroyed, *preview.disassociated})
    assert preview.blocked_by == ()


@pytest.mark.parametrize("policy", ALL)
def test_a_user_without_a_customer_is_deleted_without_asking_the_provider(
    env: Environment, john: User, policy: CustomerDeletion
) -> None:
    accounts = under(env, policy)

    accounts.preview_deletion(john.id)
    accounts.delete_user(john.id, password=PASSWORD)

    assert env.gateway.calls == []
    assert is_deleted(accounts, john)


# ---- block


@pytest.mark.parametrize("by", ["user", "operator"])
def test_a_live_subscription_blocks_by_default(accounts: Core, billed: Billed, env: Environment, by: str) -> None:
    env.gateway.set_subscriptions(billed.customer_id, 1)

    with pytest.raises(DeletionBlocked) as blocked:
        delete(accounts, billed, by)

    assert blocked.value.by == ("subscriptions",)
    assert not is_deleted(accounts, billed.user)
    assert is_there(env, billed)
    assert accounts.list_outbox() == []

    env.gateway.set_subscriptions(billed.customer_id, 0)
    delete(accounts, billed, by)

    assert is_deleted(accounts, billed.user)
    assert not is_there(env, billed)


def delete(accounts: Core, billed: Billed, by: str) -> None:
    if by == "user":
        accounts.delete_user(billed.user.id, password=PASSWORD)
    else:
        accounts.erase_user(billed.user.id)


def test_a_wrong_password_is_told_before_the_provider_is_asked(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    env.gateway.set_subscriptions(billed.customer_id, 1)
    env.gateway.calls.clear()

    with pytest.raises(WrongPassword):
        accounts.delete_user(billed.user.id, password=OTHER_PASSWORD)

    assert env.gateway.calls == []


def test_a_balance_and_other_payment_methods_are_told_and_do_not_block(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    hang_on(env, billed)
    env.gateway.set_subscriptions(billed.customer_id, 0)

    accounts.delete_user(billed.user.id, password=PASSWORD)

    assert not is_there(env, billed)


@pytest.mark.parametrize("by", ["user", "operator"])
@pytest.mark.parametrize("error", [ProviderAmbiguous(), ProviderBusy("Away."), ProviderRefused("permission_error")])
def test_while_the_provider_cannot_say_nobody_is_deleted(
    accounts: Core, billed: Billed, env: Environment, error: ProviderError, by: str
) -> None:
    env.gateway.fail_next("inspect_customer", error)

    with pytest.raises(type(error)):
        delete(accounts, billed, by)

    assert not is_deleted(accounts, billed.user)
    assert accounts.list_outbox() == []


@pytest.mark.parametrize("policy", ALL)
def test_while_the_provider_cannot_say_there_is_no_preview(
    env: Environment, billed: Billed, policy: CustomerDeletion
) -> None:
    env.gateway.fail_next("inspect_customer", ProviderAmbiguous())

    with pytest.raises(ProviderAmbiguous):
        under(env, policy).preview_deletion(billed.user.id)


@pytest.mark.parametrize("policy", [CustomerDeletion.KEEP, CustomerDeletion.DELETE])
def test_a_policy_that_never_blocks_deletes_while_the_provider_is_away(
    env: Environment, billed: Billed, policy: CustomerDeletion
) -> None:
    accounts = under(env, policy)
    for method in ("inspect_customer", "list_payment_methods", "delete_customer"):
        env.gateway.fail_next(method, ProviderAmbiguous())

    accounts.delete_user(billed.user.id, password=PASSWORD)

    assert is_deleted(accounts, billed.user)


def test_a_subscription_that_begins_after_the_look_parks_the_job_and_stays(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    """The job looks again: nothing that nobody has seen is deleted. An operator ends it, and has the job retried."""
    meanwhile(env, "inspect_customer", lambda: env.gateway.set_subscriptions(billed.customer_id, 1))

    accounts.delete_user(billed.user.id, password=PASSWORD)

    assert is_deleted(accounts, billed.user)
    assert is_there(env, billed)
    env.clock.advance(LEASE)
    assert accounts.run_due() == WorkerRun(dead_lettered=1)
    (job,) = accounts.list_outbox()
    assert job.last_error == (
        "CustomerInUse: The customer is not deleted while it has these at the payment provider: subscriptions."
    )

    env.gateway.set_subscriptions(billed.customer_id, 0)
    accounts.retry_job(job.id)

    assert accounts.run_due() == WorkerRun(done=1)
    assert not is_there(env, billed)


def test_a_customer_that_is_kept_back_is_told_when_reconciling(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    meanwhile(env, "inspect_customer", lambda: env.gateway.set_subscriptions(billed.customer_id, 1))
    accounts.delete_user(billed.user.id, password=PASSWORD)

    (drift,) = accounts.reconcile_cards().drifts

    assert (drift.kind, drift.subject, drift.repair) == (Kind.UNKNOWN_CUSTOMER, billed.customer_id, Repair.LEFT)


def test_a_user_who_is_billed_for_the_first_time_meanwhile_is_looked_at_again(env: Environment, john: User) -> None:
    """The customer is made while the password is checked, so it was not looked at: the deletion starts over."""
    accounts = env.accounts()
    is_first = True

    async def check(*args: object, **kwargs: object) -> bool:
        nonlocal is_first
        if is_first:
            is_first = False
            verify(accounts, john, "pm_card_visa")
            customer_id = accounts.profile(john.id).customer_id
            assert customer_id is not None
            env.gateway.set_subscriptions(customer_id, 1)
        return await type(env.hasher).verify(env.hasher, *args, **kwargs)  # type: ignore[arg-type]

    env.hasher.verify = check  # type: ignore[method-assign]

    with pytest.raises(DeletionBlocked):
        accounts.delete_user(john.id, password=PASSWORD)


def test_the_provider_is_asked_outside_the_transaction(accounts: Core, billed: Billed, env: Environment) -> None:
    """Also within a request with an idempotency key, whose unit of work opens only afterwards."""
    opened: list[bool] = []
    ask, begin = env.gateway.inspect_customer, env.store.begin
    depth = 0

    async def inspect(customer_id: str) -> object:
        opened.append(depth > 0)
        return await ask(customer_id)

    class Counted:
        def __init__(self) -> None:
            self._unit = begin()

        async def __aenter__(self) -> object:
            nonlocal depth
            depth += 1
            return await self._unit.__aenter__()

        async def __aexit__(self, *error: object) -> object:
            nonlocal depth
            depth -= 1
            return await self._unit.__aexit__(*error)  # type: ignore[arg-type]

    async def perform(store: Store[UnitOfWork]) -> IdempotentAnswer:
        accounts.on(store).delete_user(billed.user.id, password=PASSWORD)
        return IdempotentAnswer(answer=b"", is_final=False, took_effect=True)

    env.gateway.inspect_customer = inspect  # type: ignore[method-assign,assignment]
    env.store.begin = Counted  # type: ignore[method-assign,assignment]

    accounts.preview_deletion(billed.user.id)
    env.gateway.set_subscriptions(billed.customer_id, 1)
    with pytest.raises(DeletionBlocked):
        accounts.delete_user(billed.user.id, password=PASSWORD)
    with pytest.raises(DeletionBlocked):
        accounts.run_idempotent(billed.user.id, scope=b"s" * 32, fingerprint=b"f" * 32, perform=perform)

    assert opened == [False, False, False]


def test_a_deactivation_asks_nothing_and_leaves_the_customer_alone(
    accounts: Core, billed: Billed, env: Environment
) -> None:
    hang_on(env, billed)
    env.gateway.calls.clear()

    accounts.deactivate(billed.user.id)

    assert env.gateway.calls == []


# ---- keep


def test_a_kept_customer_has_no_cards_and_no_personal_data(env: Environment, billed: Billed) -> None:
    accounts = under(env, CustomerDeletion.KEEP)
    hang_on(env, billed)
    verify(accounts, billed.user, "pm_card_mastercard")

    accounts.delete_user(billed.user.id, password=PASSWORD)

    customer = run_sync(env.gateway.retrieve_customer(billed.customer_id))
    assert (customer.name, customer.email, customer.address, customer.phone, customer.description) == (None,) * 5
    assert (customer.user_ref, dict(customer.metadata), customer.balance) == (None, {}, -250)
    assert run_sync(env.gateway.list_payment_methods(customer.id)) == []
    assert run_sync(env.gateway.inspect_customer(customer.id)).subscriptions == 2
    assert accounts.list_outbox() == []
    assert accounts.reconcile_cards().drifts == ()


@pytest.mark.parametrize("method", ["list_payment_methods", "detach", "anonymize_customer"])
@pytest.mark.parametrize("is_done", [True, False], ids=["answer lost", "request lost"])
def test_a_provider_that_is_away_at_any_step_has_it_done_later(
    env: Environment, billed: Billed, method: str, is_done: bool
) -> None:
    accounts = under(env, CustomerDeletion.KEEP)
    env.gateway.fail_next(method, ProviderAmbiguous(), after=is_done)
    accounts.delete_user(billed.user.id, password=PASSWORD)
    assert len(accounts.list_outbox()) == 1

    env.clock.advance(LEASE)

    assert accounts.run_due() == WorkerRun(done=1)
    customer = run_sync(env.gateway.retrieve_customer(billed.customer_id))
    assert (customer.name, customer.email, customer.user_ref) == (None, None, None)
    assert run_sync(env.gateway.list_payment_methods(customer.id)) == []


def test_a_kept_customer_that_is_gone_already_is_fine(env: Environment, billed: Billed) -> None:
    accounts = under(env, CustomerDeletion.KEEP)
    run_sync(env.gateway.delete_customer(billed.customer_id))

    accounts.delete_user(billed.user.id, password=PASSWORD)

    assert accounts.list_outbox() == []


@pytest.mark.parametrize("dies", [False, True], ids=["goes on", "dies"])
def test_a_name_that_is_told_while_the_user_is_being_deleted_does_not_stay(
    env: Environment, billed: Billed, dies: bool
) -> None:
    """The name was read before the deletion, and told after it: nobody would clear it any more."""
    accounts = under(env, CustomerDeletion.KEEP)
    ask = env.gateway.update_customer

    async def late(customer_id: str, *, email: EmailAddress | None, name: str | None) -> Customer:
        env.gateway.update_customer = ask  # type: ignore[method-assign]
        accounts.delete_user(billed.user.id, password=PASSWORD)
        told = await ask(customer_id, email=email, name=name)
        if dies:
            raise KeyboardInterrupt
        return told

    env.gateway.update_customer = late  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt) if dies else nullcontext():
        accounts.update_profile(billed.user.id, name="Jane Roe")
    env.clock.advance(LEASE)
    accounts.run_due()

    customer = run_sync(env.gateway.retrieve_customer(billed.customer_id))
    assert (customer.name, customer.email, customer.user_ref) == (None, None, None)
    assert accounts.list_outbox() == []


# ---- delete


def test_a_customer_is_deleted_with_all_that_hangs_on_it_where_the_policy_says_so(
    env: Environment, billed: Billed
) -> None:
    accounts = under(env, CustomerDeletion.DELETE)
    hang_on(env, billed)

    accounts.delete_user(billed.user.id, password=PASSWORD)

    assert not is_there(env, billed)
    assert [method for method, _ in env.gateway.calls].count("inspect_customer") == 0


@pytest.mark.parametrize("policy", ALL)
def test_a_second_customer_with_anything_on_it_is_for_people_to_decide_whatever_the_policy(
    env: Environment, billed: Billed, policy: CustomerDeletion
) -> None:
    second = run_sync(env.gateway.create_customer(user_ref=billed.user.hex_id, key="second")).id
    env.gateway.set_subscriptions(second, 1)

    (drift,) = under(env, policy).reconcile_cards().drifts

    assert (drift.kind, drift.subject, drift.repair) == (Kind.DOUBLED_CUSTOMER, second, Repair.LEFT)
    assert drift.detail == "has subscriptions: 1"


@pytest.mark.parametrize("policy", ALL)
def test_a_second_customer_that_is_used_by_the_time_it_is_deleted_stays(
    env: Environment, billed: Billed, policy: CustomerDeletion
) -> None:
    accounts = under(env, policy)
    second = run_sync(env.gateway.create_customer(user_ref=billed.user.hex_id, key="second")).id
    meanwhile(env, "inspect_customer", lambda: env.gateway.set_balance(second, 100))

    (drift,) = accounts.reconcile_cards().drifts

    assert (drift.kind, drift.subject, drift.repair) == (Kind.DOUBLED_CUSTOMER, second, Repair.QUEUED)
    assert run_sync(env.gateway.retrieve_customer(second)).user_ref == billed.user.hex_id
