"""Verifying, choosing and removing cards, and hearing of what happened at the provider."""

from typing import Any, Final

import attrs
from tests.simulation.environment import PASSWORD, Act, Core, Environment

from accounts_core import Policy, run_sync
from accounts_core.errors import ClientError, ProviderAmbiguous
from accounts_core.model.policy import CustomerDeletion
from accounts_core.services.idempotency import IdempotentAnswer
from accounts_core.services.outbox_writer import LEASE
from accounts_core.testing.builders import a_provided_card

from .scenario import Scenario, after, called, tolerant

VISA: Final = "pm_card_visa"
MASTERCARD: Final = "pm_card_mastercard"
AMEX: Final = "pm_card_amex"
DECLINED: Final = "pm_card_chargeDeclined"
CHALLENGED: Final = "pm_card_threeDSecure2Required"


def verify(token: str) -> Act:
    return called(lambda env, accounts: env.verify(accounts, token))


def having(*tokens: str) -> Act:
    async def prepare(env: Environment, accounts: Core) -> None:
        first, *_ = [await env.have(accounts, token) for token in tokens]
        env.notes["first_card"] = first
        env.notes["customer"] = (await accounts.profile(env.jane.id)).customer_id
        await accounts.run_due()

    return after(prepare)


def challenged(*, answered: bool | None = None) -> Act:
    async def prepare(env: Environment, accounts: Core) -> None:
        await env.verify(accounts, CHALLENGED)
        if answered is not None:
            env.answer_challenge(succeed=answered)

    return after(prepare)


async def challenge_answer_finish(env: Environment, accounts: Core) -> None:
    await env.verify(accounts, CHALLENGED)
    env.answer_challenge()
    await env.verify(accounts, CHALLENGED)


async def try_declined(env: Environment, accounts: Core) -> None:
    try:
        await env.verify(accounts, DECLINED)
    except ClientError:
        return


async def choose_newest(env: Environment, accounts: Core) -> None:
    newest, *_ = await accounts.list_payment_methods(env.jane.id)
    await accounts.set_default_payment_method(env.jane.id, newest.id)


async def verify_once(env: Environment, accounts: Core) -> object:
    async def perform(store: Any) -> IdempotentAnswer:
        answer = await accounts.on(store).verify_card(env.jane.id, payment_method=VISA, idempotency_key="request 1")
        return IdempotentAnswer(answer=repr(answer).encode(), is_final=True, took_effect=True)

    return await accounts.run_idempotent(
        env.jane.id, scope=bytes(32), fingerprint=bytes(32), perform=perform, in_single_unit=False
    )


def interrupted_at(step: str) -> Act:
    """Have a verification whose answer was lost at this step, and that nobody drives any more."""

    async def prepare(env: Environment, accounts: Core) -> None:
        env.gateway.fail_next(step, ProviderAmbiguous(), after=True)
        await tolerant(verify(VISA))(env, accounts)

    return after(prepare)


async def work_later(env: Environment, accounts: Core) -> object:
    env.clock.advance(LEASE)
    return await accounts.run_due()


def in_dashboard(change: Act) -> Act:
    """Have two cards, and a change in the provider's dashboard that nobody here has heard of."""

    async def prepare(env: Environment, accounts: Core) -> None:
        await having(VISA, MASTERCARD)(env, accounts)
        await change(env, accounts)

    return prepare


async def hear_of_it(env: Environment, accounts: Core) -> None:
    await accounts.receive_provider_event(id="evt_1", customer_id=env.notes["customer"])
    await accounts.run_due()


async def detach_default(env: Environment, accounts: Core) -> None:
    default = (await accounts.list_payment_methods(env.jane.id)).default
    assert default is not None
    run_sync(env.gateway.detach(default.id))


async def choose_another_default(env: Environment, accounts: Core) -> None:
    newest, *_ = await accounts.list_payment_methods(env.jane.id)
    run_sync(env.gateway.set_default(env.notes["customer"], newest.id))


async def update_card(env: Environment, accounts: Core) -> None:
    newest, *_ = await accounts.list_payment_methods(env.jane.id)
    reissued = attrs.evolve(newest.card, last4="0007")
    env.gateway.add_payment_method(a_provided_card(newest.id, card=reissued, customer_id=env.notes["customer"]))


async def delete_customer(env: Environment, accounts: Core) -> None:
    run_sync(env.gateway.delete_customer(env.notes["customer"]))


async def owe(env: Environment, accounts: Core) -> None:
    env.gateway.set_balance(env.notes["customer"], 250)


async def make_a_bank_account_the_default(env: Environment, accounts: Core) -> None:
    customer = env.notes["elsewhere"] = env.notes["customer"]
    run_sync(env.gateway.set_default(customer, env.gateway.add_other_payment_method("pm_bank", customer_id=customer)))


CARDS: Final = (
    Scenario(name="the first card", prepare=after(), act=verify(VISA)),
    Scenario(name="a second card", prepare=having(VISA), act=verify(MASTERCARD)),
    Scenario(name="the same card again", prepare=having(MASTERCARD, VISA), act=verify(MASTERCARD)),
    Scenario(name="a decline", prepare=after(), act=try_declined),
    Scenario(name="an unknown card", prepare=having(VISA), act=verify("pm_unknown"), ending="Invalid"),
    Scenario(name="a card, with a key", prepare=after(), act=verify_once, in_one_step=False),
    Scenario(name="a challenge that nobody answers", prepare=after(), act=verify(CHALLENGED)),
    Scenario(name="a challenge and its end", prepare=having(VISA), act=challenge_answer_finish, in_one_step=False),
    Scenario(name="an answered challenge", prepare=challenged(answered=True), act=verify(CHALLENGED)),
    Scenario(
        name="a failed challenge", prepare=challenged(answered=False), act=verify(CHALLENGED), ending="CardDeclined"
    ),
    Scenario(
        name="removing the only card",
        prepare=having(VISA),
        act=called(lambda env, accounts: accounts.remove_payment_method(env.jane.id, env.notes["first_card"])),
    ),
    Scenario(
        name="removing the default of two",
        prepare=having(VISA, MASTERCARD),
        act=called(lambda env, accounts: accounts.remove_payment_method(env.jane.id, env.notes["first_card"])),
    ),
    Scenario(name="listing and choosing the default", prepare=having(VISA, MASTERCARD), act=choose_newest),
    Scenario(
        name="listing the verifications",
        prepare=having(VISA, MASTERCARD),
        act=called(lambda env, accounts: accounts.list_verifications(env.jane.id)),
    ),
    Scenario(
        name="reading the customer",
        prepare=in_dashboard(owe),
        act=called(lambda env, accounts: accounts.retrieve_customer(env.jane.id)),
    ),
    Scenario(
        name="changing name and address",
        prepare=having(VISA),
        act=called(
            lambda env, accounts: accounts.update_profile(
                env.jane.id, name="Jane Roe", email="roe@example.org", current_password=PASSWORD
            )
        ),
    ),
    *(
        Scenario(
            name=f"deleting a user {whose}",
            prepare=prepare,
            act=called(lambda env, accounts: accounts.delete_user(env.jane.id, password=PASSWORD)),
        )
        for whose, prepare in (
            ("with cards", having(VISA, MASTERCARD)),
            ("who is challenged", challenged()),
            *(
                (f"whose {step} was lost", interrupted_at(step))
                for step in ("create_customer", "hold", "release", "attach")
            ),
        )
    ),
    Scenario(
        name="deleting a user whose customer is kept",
        prepare=having(VISA, MASTERCARD),
        act=called(lambda env, accounts: accounts.delete_user(env.jane.id, password=PASSWORD)),
        policy=Policy(customer_deletion=CustomerDeletion.KEEP),
    ),
    Scenario(
        name="removing the default beside a bank account",
        prepare=in_dashboard(make_a_bank_account_the_default),
        act=called(lambda env, accounts: accounts.remove_payment_method(env.jane.id, env.notes["first_card"])),
    ),
    Scenario(name="the worker going on after a lost hold", prepare=interrupted_at("hold"), act=work_later),
    *(
        Scenario(
            name=f"hearing that {what}",
            prepare=in_dashboard(change),
            act=hear_of_it,
            comes_anyway=hear_of_it,
            in_one_step=False,
        )
        for what, change in (
            ("the default was detached", detach_default),
            ("another default was chosen", choose_another_default),
            ("a card was updated", update_card),
            ("a bank account is the default", make_a_bank_account_the_default),
            ("the customer was deleted", delete_customer),
        )
    ),
    Scenario(
        name="syncing a customer",
        prepare=in_dashboard(detach_default),
        act=called(lambda env, accounts: accounts.sync_customer(env.notes["customer"])),
        comes_anyway=hear_of_it,
        in_one_step=False,
    ),
    Scenario(
        name="reconciling",
        prepare=in_dashboard(detach_default),
        act=called(lambda env, accounts: accounts.reconcile_cards()),
        comes_anyway=hear_of_it,
        in_one_step=False,
    ),
    Scenario(
        name="a card after the customer was deleted",
        prepare=in_dashboard(delete_customer),
        act=verify(AMEX),
        comes_anyway=hear_of_it,
        in_one_step=False,
    ),
)
