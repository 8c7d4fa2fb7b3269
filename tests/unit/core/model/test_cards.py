"""The rules for the cards that a user keeps."""

from datetime import timedelta

import attrs
import pytest

from accounts_core.errors import NotFound
from accounts_core.model import Cards, PaymentMethod
from accounts_core.model.payment_method import Address, BillingDetails
from accounts_core.testing.builders import NOON, a_card, a_provided_card


def of_plastic(id: str, fingerprint: str | None, *, days: int = 0) -> PaymentMethod:
    """Make a payment method of the physical card `fingerprint`, verified so many days after noon."""
    card = a_card(id)
    return attrs.evolve(
        card, card=attrs.evolve(card.card, fingerprint=fingerprint), verified_at=NOON + timedelta(days=days)
    )


def ids(cards: Cards) -> list[str]:
    return [card.id for card in cards]


def default(cards: Cards) -> str | None:
    return None if cards.default is None else cards.default.id


def test_the_first_card_becomes_the_default() -> None:
    assert default(Cards().add(a_card("pm_1"))) == "pm_1"


def test_a_later_card_does_not_take_the_default() -> None:
    cards = Cards().add(of_plastic("pm_1", "a")).add(of_plastic("pm_2", "b"))

    assert default(cards) == "pm_1"


def test_cards_are_listed_newest_first() -> None:
    cards = Cards()
    for number in range(3):
        card = of_plastic(f"pm_{number}", str(number), days=number)
        cards = cards.add(card)

    assert ids(cards) == ["pm_2", "pm_1", "pm_0"]


def test_removing_the_default_promotes_the_newest_that_is_left() -> None:
    cards = Cards()
    for number in range(3):
        card = of_plastic(f"pm_{number}", str(number), days=number)
        cards = cards.add(card)

    assert default(cards) == "pm_0"
    assert default(cards.remove("pm_0")) == "pm_2"


def test_removing_another_card_leaves_the_default_alone() -> None:
    cards = Cards().add(of_plastic("pm_1", "a")).add(of_plastic("pm_2", "b"))

    assert default(cards.remove("pm_2")) == "pm_1"


def test_removing_the_last_card_leaves_none() -> None:
    assert len(Cards().add(a_card("pm_1")).remove("pm_1")) == 0


def test_the_same_physical_card_takes_the_old_ones_place_and_its_default_flag() -> None:
    cards = Cards().add(of_plastic("pm_1", "a")).add(of_plastic("pm_2", "b"))

    replaced = cards.add(of_plastic("pm_3", "a", days=1))

    assert ids(replaced) == ["pm_3", "pm_2"]
    assert default(replaced) == "pm_3"


def test_the_same_physical_card_does_not_gain_a_default_flag() -> None:
    cards = Cards().add(of_plastic("pm_1", "a")).add(of_plastic("pm_2", "b"))

    assert default(cards.add(of_plastic("pm_3", "b"))) == "pm_1"


def test_cards_without_a_fingerprint_are_never_taken_for_one_another() -> None:
    cards = Cards().add(of_plastic("pm_1", None)).add(of_plastic("pm_2", None))

    assert sorted(ids(cards)) == ["pm_1", "pm_2"]


def test_any_card_can_be_chosen_as_the_only_default() -> None:
    cards = Cards().add(of_plastic("pm_1", "a")).add(of_plastic("pm_2", "b"))

    chosen = cards.make_default("pm_2")

    assert [card.id for card in chosen if card.is_default] == ["pm_2"]


def test_a_card_that_is_not_there_is_not_found() -> None:
    for act in (Cards().get, Cards().remove, Cards().make_default):
        with pytest.raises(NotFound):
            act("pm_1")


def test_the_providers_details_of_a_card_are_taken_over() -> None:
    """M12: whatever the provider keeps up to date of a card, and nothing that is ours."""
    before = Cards().add(of_plastic("pm_1", "a")).add(of_plastic("pm_2", "b"))
    newer = a_provided_card(
        "pm_1",
        card=attrs.evolve(before.get("pm_1").card, last4="0007", exp_year=2040),
        billing_details=BillingDetails(name="Jane Roe", address=Address(city="Oslo")),
        metadata={"order": "5"},
        created=NOON + timedelta(days=1),
        livemode=True,
    )

    after = before.mirror([newer, a_provided_card("pm_2", card=before.get("pm_2").card)], default=None)

    card = after.get("pm_1")
    assert (card.card, card.billing_details, card.metadata) == (newer.card, newer.billing_details, {"order": "5"})
    assert card == attrs.evolve(
        before.get("pm_1"), card=newer.card, billing_details=newer.billing_details, metadata=newer.metadata
    )


def test_a_default_at_the_provider_that_is_none_of_these_cards_is_not_taken_over() -> None:
    """F7."""
    cards = Cards().add(of_plastic("pm_1", "a")).add(of_plastic("pm_2", "b"))
    provided = [a_provided_card(each.id, card=each.card) for each in cards]

    assert default(cards.mirror(provided, default="pm_bank")) == "pm_1"
    assert default(cards.mirror(provided, default="pm_2")) == "pm_2"
    assert default(cards.mirror(provided[:1], default="pm_bank")) == provided[0].id
