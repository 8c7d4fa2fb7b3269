"""We freeze a small sum, give it back, and keep the card."""

from datetime import timedelta

import attrs
import pytest
from tests.unit.core.conftest import NOBODY, PASSWORD, Core, Environment

from accounts_core import Policy, run_sync
from accounts_core.errors import (
    CardDeclined,
    Invalid,
    NotFound,
    ProviderAmbiguous,
    ProviderBusy,
    VerificationInProgress,
)
from accounts_core.model import CardPolicy, User
from accounts_core.model.events import CardRejected, CardVerified
from accounts_core.model.tokens import new_token
from accounts_core.model.verification import TAKEOVER_AFTER
from accounts_core.services.card_verifier import CardVerifier
from accounts_core.use_cases.cards.verify_card import ActionRequired, VerificationResult

STEPS = [
    "create_customer",
    "hold",
    "release",
    "attach",
    "retrieve_payment_method",
]


def asked(env: Environment) -> list[str]:
    return [method for method, _ in env.gateway.calls]


def default_at_provider(accounts: Core, user: User) -> str | None:
    return accounts.retrieve_customer(user.id).default_payment_method


def test_the_first_card_is_held_let_go_kept_and_the_default(accounts: Core, jane: User, env: Environment) -> None:
    verified = accounts.verify_card(jane.id, payment_method="pm_card_visa")

    assert isinstance(verified, VerificationResult)
    (card,) = accounts.list_payment_methods(jane.id)
    assert (card.id, card.card.last4, card.is_default) == (verified.payment_method, "4242", True)
    assert env.gateway.open_holds() == []
    assert len(env.gateway.holds) == 1
    assert default_at_provider(accounts, jane) == card.id
    assert len(env.events.of(CardVerified)) == 1


def test_the_provider_is_asked_in_this_order(accounts: Core, jane: User, env: Environment) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_visa")

    assert asked(env) == ["create_customer", "update_customer", *STEPS[1:], "retrieve_customer", "set_default"]


def test_the_customer_carries_the_users_name_and_address(accounts: Core, jane: User) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_visa")

    customer = accounts.retrieve_customer(jane.id)

    assert (customer.email, customer.name) == ("jane@example.org", "Jane Doe")


def test_what_is_held_is_the_products_decision(env: Environment, jane: User) -> None:
    accounts = env.accounts(Policy(cards=CardPolicy(currency="jpy", amounts={"usd": 100, "jpy": 150})))
    accounts.verify_card(jane.id, payment_method="pm_card_visa")

    (hold,) = env.gateway.holds.values()
    assert (hold.amount, hold.currency) == (150, "jpy")


def test_a_second_card_is_kept_beside_the_default(accounts: Core, jane: User) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_visa")
    accounts.verify_card(jane.id, payment_method="pm_card_mastercard")

    assert {card.card.brand: card.is_default for card in accounts.list_payment_methods(jane.id)} == {
        "visa": True,
        "mastercard": False,
    }


def test_a_card_that_is_verified_is_answered_without_another_hold(accounts: Core, jane: User, env: Environment) -> None:
    first = accounts.verify_card(jane.id, payment_method="pm_card_visa")
    assert isinstance(first, VerificationResult)

    assert accounts.verify_card(jane.id, payment_method=first.payment_method) == first
    assert len(env.gateway.holds) == 1


def test_the_same_physical_card_again_replaces_the_old_one_and_stays_the_default(
    accounts: Core, jane: User, env: Environment
) -> None:
    old = accounts.verify_card(jane.id, payment_method="pm_card_visa")
    new = accounts.verify_card(jane.id, payment_method="pm_card_visa")
    assert isinstance(old, VerificationResult)
    assert isinstance(new, VerificationResult)

    (card,) = accounts.list_payment_methods(jane.id)
    assert (card.id, card.is_default) == (new.payment_method, True)
    assert default_at_provider(accounts, jane) == new.payment_method
    assert ("detach", (old.payment_method,)) in [(name, tuple(args)) for name, args in env.gateway.calls]


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
    ],
)
def test_a_decline_says_why_and_leaves_no_card_and_no_hold(
    accounts: Core, jane: User, env: Environment, token: str, code: str, decline_code: str | None
) -> None:
    with pytest.raises(CardDeclined) as caught:
        accounts.verify_card(jane.id, payment_method=token)

    assert (caught.value.code, caught.value.decline_code) == (code, decline_code)
    assert len(accounts.list_payment_methods(jane.id)) == 0
    assert env.gateway.open_holds() == []
    assert len(env.events.of(CardRejected)) == 1


def test_after_a_decline_the_same_card_can_be_tried_again(accounts: Core, jane: User, env: Environment) -> None:
    for _ in range(2):
        with pytest.raises(CardDeclined):
            accounts.verify_card(jane.id, payment_method="pm_card_chargeDeclined")

    assert asked(env).count("hold") == 2


@pytest.mark.parametrize("id", ["pm_unknown", "pm_card_nonsense"])
def test_an_unknown_payment_method_is_named(accounts: Core, jane: User, id: str) -> None:
    with pytest.raises(Invalid, match="No such payment method") as caught:
        accounts.verify_card(jane.id, payment_method=id)

    assert caught.value.field == "payment_method"


@pytest.mark.parametrize(
    "typed",
    [str(new_token(bytes(32))), "acm_x", "sk_live_x", "rk_test_x", "whsec_x", "pi_1_secret_x", "seti_1_secret_x"],
)
def test_a_secret_in_the_place_of_an_id_is_kept_nowhere(
    accounts: Core, jane: User, env: Environment, typed: str
) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.verify_card(jane.id, payment_method=typed)

    assert caught.value.field == "payment_method"
    assert typed not in repr(attrs.asdict(env.store._state))


@pytest.mark.parametrize("id", ["", " ", "pm/../cus", "pm_1?expand", "x" * 256, "p\u00f6", "pm_1\n"])
def test_what_cannot_be_an_id_never_reaches_the_provider(accounts: Core, jane: User, env: Environment, id: str) -> None:
    with pytest.raises(Invalid):
        accounts.verify_card(jane.id, payment_method=id)

    assert env.gateway.calls == []


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "javascript:alert(1)", "ftp://example.org", "https://", "https://a b", "http://[", "x" * 3000],
)
def test_a_return_url_is_a_web_address(accounts: Core, jane: User, env: Environment, url: str) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.verify_card(jane.id, payment_method="pm_card_visa", return_url=url)

    assert caught.value.field == "return_url"
    assert env.gateway.calls == []


def test_a_challenge_is_an_answer_and_the_same_call_finishes_it(accounts: Core, jane: User, env: Environment) -> None:
    challenge = accounts.verify_card(
        jane.id, payment_method="pm_card_threeDSecure2Required", return_url="https://example.org/back"
    )

    assert isinstance(challenge, ActionRequired)
    assert challenge.client_secret is not None
    assert challenge.next_action is not None
    assert challenge.client_secret.reveal() not in repr(challenge)
    assert len(accounts.list_payment_methods(jane.id)) == 0

    again = accounts.verify_card(jane.id, payment_method="pm_card_threeDSecure2Required")

    assert again == challenge

    (hold,) = env.gateway.holds.values()
    assert hold.id is not None
    env.gateway.authenticate(hold.id)
    verified = accounts.verify_card(jane.id, payment_method="pm_card_threeDSecure2Required")

    assert isinstance(verified, VerificationResult)
    assert [card.id for card in accounts.list_payment_methods(jane.id)] == [verified.payment_method]
    assert env.gateway.open_holds() == []
    assert len(env.gateway.holds) == 1


def test_a_failed_challenge_is_a_decline(accounts: Core, jane: User, env: Environment) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_authenticationRequired")
    (hold,) = env.gateway.holds.values()
    assert hold.id is not None
    env.gateway.authenticate(hold.id, succeed=False)

    with pytest.raises(CardDeclined):
        accounts.verify_card(jane.id, payment_method="pm_card_authenticationRequired")

    assert env.gateway.open_holds() == []


CHALLENGED = "pm_card_threeDSecure2Required"


def challenge(accounts: Core, jane: User, env: Environment) -> str:
    """Have Jane sent to her bank; return the hold that waits for her."""
    assert isinstance(accounts.verify_card(jane.id, payment_method=CHALLENGED), ActionRequired)
    (hold,) = env.gateway.open_holds()
    assert hold.id is not None
    return hold.id


def hear_of_it(accounts: Core, jane: User) -> None:
    """Let the provider's event come, and a worker read the customer."""
    accounts.receive_provider_event(id="evt_1", customer_id=accounts.retrieve_customer(jane.id).id)
    accounts.run_due()


def test_a_challenge_that_the_event_finished_is_answered_without_another_hold(
    accounts: Core, jane: User, env: Environment
) -> None:
    env.gateway.authenticate(challenge(accounts, jane, env))
    hear_of_it(accounts, jane)
    (card,) = accounts.list_payment_methods(jane.id)

    assert accounts.verify_card(jane.id, payment_method=CHALLENGED) == VerificationResult(payment_method=card.id)
    assert len(env.gateway.holds) == 1


def test_a_failed_challenge_that_the_event_finished_is_told_once(accounts: Core, jane: User, env: Environment) -> None:
    env.gateway.authenticate(challenge(accounts, jane, env), succeed=False)
    hear_of_it(accounts, jane)

    with pytest.raises(CardDeclined) as caught:
        accounts.verify_card(jane.id, payment_method=CHALLENGED)

    assert caught.value.code == "payment_intent_authentication_failure"
    assert len(env.gateway.holds) == 1
    assert isinstance(accounts.verify_card(jane.id, payment_method=CHALLENGED), ActionRequired)
    assert len(env.gateway.holds) == 2


@pytest.mark.parametrize("number", range(8))
def test_an_open_one_is_gone_on_with_beside_one_that_ended_at_the_same_moment(
    accounts: Core, env: Environment, number: int
) -> None:
    """Two of the same time are ordered by their random ids, and the open one may be either."""
    for _ in range(number):
        env.secrets.random_bytes(15)
    jane = accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
    env.gateway.authenticate(challenge(accounts, jane, env), succeed=False)
    with pytest.raises(CardDeclined):
        accounts.verify_card(jane.id, payment_method=CHALLENGED)
    again = accounts.verify_card(jane.id, payment_method=CHALLENGED)

    assert accounts.verify_card(jane.id, payment_method=CHALLENGED) == again
    assert len(env.gateway.holds) == 2


def test_an_outcome_that_nobody_asked_for_in_time_is_no_answer_to_another_try(
    accounts: Core, jane: User, env: Environment
) -> None:
    env.gateway.authenticate(challenge(accounts, jane, env), succeed=False)
    hear_of_it(accounts, jane)
    env.clock.advance(CardPolicy().challenge_limit)

    assert isinstance(accounts.verify_card(jane.id, payment_method=CHALLENGED), ActionRequired)


def test_a_card_that_was_removed_before_its_outcome_was_asked_for_is_verified_anew(
    accounts: Core, jane: User, env: Environment
) -> None:
    env.gateway.authenticate(challenge(accounts, jane, env))
    hear_of_it(accounts, jane)
    (card,) = accounts.list_payment_methods(jane.id)
    accounts.remove_payment_method(jane.id, card.id)

    assert isinstance(accounts.verify_card(jane.id, payment_method=CHALLENGED), ActionRequired)


@pytest.mark.parametrize("after", [False, True], ids=["request lost", "answer lost"])
@pytest.mark.parametrize("step", STEPS)
def test_whatever_is_lost_the_next_call_goes_on_without_a_second_hold(
    accounts: Core, jane: User, env: Environment, step: str, after: bool
) -> None:
    env.gateway.fail_next(step, ProviderAmbiguous(f"{step} was lost"), after=after)
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    with pytest.raises(VerificationInProgress):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    env.clock.advance(TAKEOVER_AFTER)

    verified = accounts.verify_card(jane.id, payment_method="pm_card_visa")

    assert isinstance(verified, VerificationResult)
    assert [card.id for card in accounts.list_payment_methods(jane.id)] == [verified.payment_method]
    assert len(env.gateway.holds) == 1
    assert env.gateway.open_holds() == []


def test_the_row_is_there_before_the_provider_is_asked_anything(accounts: Core, jane: User, env: Environment) -> None:
    env.gateway.fail_next("create_customer", ProviderBusy("busy"))
    with pytest.raises(ProviderBusy):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")

    with pytest.raises(VerificationInProgress):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")


def test_a_setting_that_changed_meanwhile_does_not_change_a_repeated_request(
    accounts: Core, jane: User, env: Environment
) -> None:
    env.gateway.fail_next("hold", ProviderAmbiguous("the answer was lost"), after=True)
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    env.clock.advance(TAKEOVER_AFTER)

    dearer = env.accounts(Policy(cards=CardPolicy(amounts={"usd": 500})))
    dearer.verify_card(jane.id, payment_method="pm_card_visa")

    assert [hold.amount for hold in env.gateway.holds.values()] == [100]


@pytest.mark.parametrize("step", STEPS)
def test_a_user_deleted_in_mid_verification_leaves_no_hold_and_no_trace(
    accounts: Core, jane: User, env: Environment, step: str
) -> None:
    env.gateway.fail_next(step, ProviderAmbiguous(f"{step} was lost"), after=True)
    with pytest.raises(ProviderAmbiguous):
        accounts.verify_card(jane.id, payment_method="pm_card_visa")
    (verification,) = open_verifications(env, jane)

    accounts.delete_user(jane.id, password=PASSWORD)
    with pytest.raises(NotFound):  # it goes with its last step
        drive(env, verification)

    assert env.gateway.open_holds() == []
    assert not env.store._state.verifications.rows


def test_a_verification_is_one_job_that_ends_with_it(accounts: Core, jane: User, env: Environment) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_visa")
    with pytest.raises(CardDeclined):
        accounts.verify_card(jane.id, payment_method="pm_card_chargeDeclined")
    env.clock.advance(timedelta(days=1))

    assert not anything_due(env)


def test_nobody_has_no_card_to_verify(accounts: Core) -> None:
    with pytest.raises(NotFound):
        accounts.verify_card(NOBODY, payment_method="pm_card_visa")


# ---- looking behind the scenes


def open_verifications(env: Environment, user: User) -> list[str]:
    async def look() -> list[str]:
        async with env.store.begin() as work:
            return [verification.id for verification in await work.verifications.list_open_for_user(user.id)]

    return run_sync(look())


def anything_due(env: Environment) -> bool:
    async def look() -> bool:
        async with env.store.reader() as reader:
            return await reader.outbox.any_due(now=env.clock.now())

    return run_sync(look())


def drive(env: Environment, verification: str) -> None:
    """Drive the verification on as a worker would."""
    run_sync(env.accounts().build(CardVerifier).drive(verification))
