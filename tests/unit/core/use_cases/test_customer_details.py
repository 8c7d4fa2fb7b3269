"""The provider's customer carries the user's name and address, and hears when they change."""

from collections.abc import Callable

import attrs
import pytest
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import run_sync
from accounts_core.errors import Invalid, NotFound, ProviderAmbiguous, ProviderBusy, ProviderRefused
from accounts_core.model import Customer, User
from accounts_core.outbox.worker import WorkerRun
from accounts_memory import MemoryGateway


@pytest.fixture
def billed(accounts: Core, jane: User) -> User:
    accounts.verify_card(jane.id, payment_method="pm_card_visa")
    return jane


def known_there(accounts: Core, user: User) -> tuple[str | None, str | None]:
    customer = accounts.retrieve_customer(user.id)
    return customer.name, customer.email


def test_a_new_name_and_a_new_address_reach_the_customer(accounts: Core, billed: User) -> None:
    accounts.update_profile(billed.id, name="Jane Roe", email="roe@example.org", current_password=PASSWORD)

    assert known_there(accounts, billed) == ("Jane Roe", "roe@example.org")


def test_an_address_reaches_the_customer_once_it_is_verified(accounts: Core, billed: User, env: Environment) -> None:
    accounts.mark_email_verified(billed.id)
    accounts.update_profile(billed.id, email="roe@example.org", current_password=PASSWORD)

    assert known_there(accounts, billed) == ("Jane Doe", "jane@example.org")

    accounts.mark_email_verified(billed.id)

    assert known_there(accounts, billed) == ("Jane Doe", "roe@example.org")


def test_a_provider_that_is_away_hears_of_them_later(accounts: Core, billed: User, env: Environment) -> None:
    env.gateway.fail_next("update_customer", ProviderAmbiguous())
    accounts.update_profile(billed.id, name="Jane Roe")
    accounts.update_profile(billed.id, name="Jane Poe")
    env.wait(minutes=1)

    assert accounts.run_due() == WorkerRun(done=1)
    assert known_there(accounts, billed) == ("Jane Poe", "jane@example.org")


@pytest.mark.parametrize("error", [ProviderAmbiguous(), ProviderBusy("Away."), NotFound("customer")])
def test_a_card_is_verified_even_where_the_provider_does_not_hear_the_name_at_once(
    accounts: Core, jane: User, env: Environment, error: Exception
) -> None:
    env.gateway.fail_next("update_customer", error)
    accounts.verify_card(jane.id, payment_method="pm_card_visa")
    env.wait(minutes=1)
    accounts.run_due()

    heard = ("Jane Doe", "jane@example.org") if not isinstance(error, NotFound) else ("", "")
    customer = accounts.retrieve_customer(jane.id)
    assert len(accounts.list_payment_methods(jane.id)) == 1
    assert (customer.name or "", customer.email or "") == heard


class Overtaken(MemoryGateway):
    """While a customer is made for one driver of a verification, another one is refused, and ends it."""

    overtake: Callable[[], object] | None = None

    async def create_customer(self, *, user_ref: str, key: str) -> Customer:
        overtake, self.overtake = self.overtake, None
        if overtake is not None:
            self.fail_next("create_customer", ProviderRefused("odd"))
            overtake()
        return await super().create_customer(user_ref=user_ref, key=key)


def test_a_customer_that_was_made_while_another_driver_was_refused_is_kept(env: Environment) -> None:
    gateway = Overtaken(clock=env.clock, secrets=env.secrets)
    accounts = attrs.evolve(env, gateway=gateway).accounts()
    jane = accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")

    def overtake() -> None:
        env.wait(minutes=1)
        accounts.run_due()

    gateway.overtake = overtake
    with pytest.raises(Invalid):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")

    customer = run_sync(gateway.find_customer(jane.hex_id))
    assert customer is not None
    assert accounts.profile(jane.id).customer_id == customer.id


def test_what_the_customer_does_not_carry_is_not_told(accounts: Core, billed: User, env: Environment) -> None:
    env.gateway.calls.clear()

    accounts.update_profile(billed.id, new_password="quite another long one", current_password=PASSWORD)

    assert env.gateway.calls == []


# ---- F14: what the provider does not take


UNTOLD = "jörg@example.org"


def refusals(accounts: Core, user: User) -> list[dict[str, object]]:
    entries = accounts.list_activity(user.id)
    return [dict(entry.details) for entry in entries if entry.action == "customer_details_refused"]


def test_a_card_is_verified_whatever_the_provider_thinks_of_the_address(accounts: Core, env: Environment) -> None:
    joerg = accounts.register(email=UNTOLD, password=PASSWORD, name="Jörg Doe")
    accounts.run_due()

    accounts.verify_card(joerg.id, payment_method="pm_card_visa")

    assert [card.is_default for card in accounts.list_payment_methods(joerg.id)] == [True]
    assert known_there(accounts, joerg) == ("Jörg Doe", None)
    assert accounts.list_outbox() == []
    assert refusals(accounts, joerg) == [{"fields": "email", "code": "email_invalid"}]


def test_an_address_that_is_refused_takes_the_old_one_away(accounts: Core, billed: User, env: Environment) -> None:
    """The old one is not the user's any more: bills must not go there."""
    accounts.update_profile(billed.id, name="Jörg Doe", email=UNTOLD, current_password=PASSWORD)

    assert known_there(accounts, billed) == ("Jörg Doe", None)
    assert [job for job in accounts.list_outbox() if job.topic == "update_customer"] == []
    assert refusals(accounts, billed) == [{"fields": "email", "code": "email_invalid"}]

    accounts.update_profile(billed.id, email="joerg@example.org", current_password=PASSWORD)

    assert known_there(accounts, billed) == ("Jörg Doe", "joerg@example.org")
    assert len(refusals(accounts, billed)) == 1


@pytest.mark.parametrize(
    ("errors", "told", "refused"),
    [
        ([("email_invalid", "email")], ("Jane Roe", None), {"fields": "email", "code": "email_invalid"}),
        ([("parameter_invalid", "email")], ("Jane Roe", None), {"fields": "email", "code": "parameter_invalid"}),
        ([("too_long", "name")], (None, "jane@example.org"), {"fields": "name", "code": "too_long"}),
        (
            [("long", "name"), ("email_invalid", "email")],
            (None, None),
            {"fields": "email,name", "code": "long"},
        ),
    ],
)
def test_what_the_provider_refuses_is_left_out_and_the_rest_is_told(
    accounts: Core,
    billed: User,
    env: Environment,
    errors: list[tuple[str, str | None]],
    told: tuple[str | None, str | None],
    refused: dict[str, object],
) -> None:
    for code, param in errors:
        env.gateway.fail_next("update_customer", ProviderRefused(code, param))

    accounts.update_profile(billed.id, name="Jane Roe")

    assert known_there(accounts, billed) == told
    assert refusals(accounts, billed) == [refused]
    assert accounts.list_outbox() == []


def test_a_refusal_of_something_else_waits_for_an_operator(accounts: Core, billed: User, env: Environment) -> None:
    for _ in range(2):
        env.gateway.fail_next("update_customer", ProviderRefused("permission_error"))
    accounts.update_profile(billed.id, name="Jane Roe")
    env.wait(minutes=1)

    assert accounts.run_due() == WorkerRun(dead_lettered=1)
    assert refusals(accounts, billed) == []


def test_a_field_that_is_refused_even_when_it_is_cleared_ends_in_an_operators_hands(
    accounts: Core, billed: User, env: Environment
) -> None:
    for _ in range(4):
        env.gateway.fail_next("update_customer", ProviderRefused("email_invalid", "email"))
    accounts.update_profile(billed.id, name="Jane Roe")
    env.wait(minutes=1)

    assert accounts.run_due() == WorkerRun(dead_lettered=1)
