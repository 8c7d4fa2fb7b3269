"""However many ask about one card at once, the provider is asked once, and no money stays frozen."""

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest
from tests.security.races.actions import delete, remove_card, verify_card, verify_card_once
from tests.security.races.arena import PASSWORD, Arena
from tests.security.races.pool import STRIPE_KEY, Told

from accounts_core.errors import NotFound
from accounts_core.model.policy import Policy
from accounts_core.model.rate_limits import VERIFY_CARD, RateLimit, in_every_scope
from accounts_core.model.user import User
from accounts_core.ports.mailer import MailKind

CALLS: Final = 100
PEOPLE: Final = 8
TOKENS: Final = ("tok_visa", "tok_mastercard", "tok_chargeDeclined")
BUSY: Final = {"VerificationInProgress", "ProviderBusy"}
"""Told to whoever comes while another call is at it, here or at the provider. Nothing is done for them."""


@pytest.fixture
def jane(arena: Arena) -> User:
    return arena.sign_up("jane")


def new_card(arena: Arena, token: str = "tok_visa") -> str:
    """Make a payment method as a browser does: each call another one, of the same physical card."""
    answer = arena.simulator.handle(
        "POST",
        "/v1/payment_methods",
        {"Authorization": f"Bearer {STRIPE_KEY}"},
        {"type": "card", "card[token]": token},
    )
    return str(answer.json()["id"])


def outcomes(told: list[Told]) -> Counter[str]:
    return Counter(each.outcome for each in told)


def attached(arena: Arena) -> list[str]:
    """Return what the provider has attached to anybody."""
    return [card for cards in arena.ledger.attached.values() for card in cards]


def listed(arena: Arena, user: User) -> list[str]:
    return [card.id for card in arena.accounts.list_payment_methods(user.id)]


def mails(arena: Arena) -> Counter[MailKind]:
    arena.mails.delivered.clear()
    arena.finish_all_work()
    return Counter(mail.kind for mail in arena.mails.delivered)


def test_a_hundred_deletes_of_one_card_are_one_detachment_and_one_notice(arena: Arena, jane: User) -> None:
    card = new_card(arena)
    arena.accounts.verify_card(jane.id, payment_method=card)
    mails(arena)

    told = arena.race(*[partial(remove_card, user_id=jane.id, id=card)] * CALLS)

    assert outcomes(told)["done"] == 1
    assert {*outcomes(told)} <= {"done", "NotFound"} | arena.may_conflict
    assert mails(arena) == {MailKind.CARD_REMOVED: 1}
    assert arena.asked("/detach") == 1
    assert not attached(arena)
    assert not arena.rows("payment_methods")
    assert sum(entry.action == "card_removed" for entry in arena.rows("audit")) == 1


def test_a_verification_asked_for_a_hundred_times_under_one_key_is_one_hold(arena: Arena, jane: User) -> None:
    card = new_card(arena)

    told = arena.race(*[partial(verify_card_once, user_id=jane.id, payment_method=card, key="one key")] * CALLS)

    assert outcomes(told)["done"] >= 1
    assert {*outcomes(told)} <= {"done", "RequestInProgress"} | arena.may_conflict
    assert {answer for answer, _ in (each.value for each in told if each.error is None)} == {card}
    assert sum(not is_replayed for _, is_replayed in (each.value for each in told if each.error is None)) == 1
    again = arena.race(partial(verify_card_once, user_id=jane.id, payment_method=card, key="one key"))
    assert [each.value for each in again] == [(card, True)]
    assert [len(intents) for intents in arena.ledger.holds.values()] == [1]
    arena.finish_all_work()
    arena.assert_no_money_is_frozen()
    assert listed(arena, jane) == attached(arena) == [card]


def test_a_card_verified_under_different_keys_is_attached_once(arena: Arena, jane: User) -> None:
    card = new_card(arena)

    told = arena.race(
        *[partial(verify_card_once, user_id=jane.id, payment_method=card, key=f"key {n}") for n in range(40)]
    )

    assert outcomes(told)["done"] >= 1
    assert {*outcomes(told)} <= {"done"} | BUSY | arena.may_conflict
    assert [len(intents) for intents in arena.ledger.holds.values()] == [1]
    assert mails(arena) == {MailKind.CARD_ADDED: 1}
    arena.assert_no_money_is_frozen()
    assert listed(arena, jane) == attached(arena) == [card]


def test_one_physical_card_shown_as_many_payment_methods_is_kept_once(arena: Arena, jane: User) -> None:
    cards = [new_card(arena) for _ in range(12)]

    told = arena.race(*[partial(verify_card, user_id=jane.id, payment_method=card) for card in cards])

    assert outcomes(told)["done"] >= 1
    assert {*outcomes(told)} <= {"done"} | BUSY | arena.may_conflict
    arena.finish_all_work()
    arena.assert_no_money_is_frozen()
    (kept,) = listed(arena, jane)
    assert attached(arena) == [kept]
    assert [*arena.ledger.defaults.values()] == [kept]
    assert [len(customers) for customers in arena.ledger.customers.values()] == [1]


def test_a_deletion_beside_verifications_leaves_no_live_hold_and_no_orphan(arena: Arena) -> None:
    people = [arena.sign_up(f"jane{number}") for number in range(PEOPLE)]
    races: list[list[Any]] = [
        [
            *[partial(verify_card, user_id=user.id, payment_method=new_card(arena, token)) for token in TOKENS],
            partial(delete, user_id=user.id, password=PASSWORD),
        ]
        for user in people
    ]

    told = iter(arena.race(*[action for race in races for action in race]))

    for race in races:
        *verified, deleted = [next(told) for _ in race]
        assert deleted.outcome == "done"
        assert {*outcomes(verified)} <= {"done", "NotFound", "InvalidToken", "CardDeclined"} | BUSY | arena.may_conflict
    arena.finish_all_work()
    arena.assert_no_money_is_frozen()
    assert not arena.ledger.customers, "nobody is billed who is not there"
    assert not attached(arena)
    for table in ("users", "sessions", "payment_methods", "verifications", "notifications", "outbox"):
        assert not arena.rows(table), table
    for user in people:
        with pytest.raises(NotFound):
            arena.accounts.find_user(user.email)


def test_cards_shown_at_once_are_no_more_than_the_limit(arena: Arena, jane: User) -> None:
    """CVE-2024-1722's kind, for cards: what is counted after it is done lets through whoever comes meanwhile."""
    cards = [new_card(arena, "tok_chargeDeclined") for _ in range(24)]

    told = arena.race(
        *[partial(verify_card, user_id=jane.id, payment_method=card) for card in cards],
        policy=Policy(limits=in_every_scope({VERIFY_CARD: RateLimit(5, timedelta(hours=1))})),
        is_limited=True,
    )

    assert {*outcomes(told)} <= {"CardDeclined", "RateLimitExceeded"} | BUSY | arena.may_conflict
    assert outcomes(told)["RateLimitExceeded"] >= 24 - 5 - sum(outcomes(told)[name] for name in BUSY | {"Conflict"})
    assert arena.asked("/v1/payment_intents") <= 5
    arena.finish_all_work()
    arena.assert_no_money_is_frozen()
