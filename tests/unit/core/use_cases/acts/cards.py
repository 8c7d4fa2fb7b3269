"""Cards, here and at the provider."""

from collections.abc import Mapping

import attrs
from tests.unit.core.use_cases.acts.stage import LATER, OLD, PROVIDER, USER, VISA, Act, Stage, in_turn

from accounts_core.errors import ProviderRefused
from accounts_core.ports.mailer import MailKind
from accounts_core.testing.builders import a_provided_card


def with_card(stage: Stage) -> None:
    stage.verify()


def two_cards(stage: Stage) -> None:
    stage.verify()
    stage.env.wait(seconds=1)
    stage.verify("pm_card_mastercard")


def oldest(stage: Stage) -> str:
    return list(stage.accounts.list_payment_methods(stage.jane.id))[-1].id


def renew(stage: Stage) -> None:
    """Have the bank send another card with other digits, which the provider takes over."""
    card = stage.accounts.list_payment_methods(stage.jane.id).get(stage.card())
    newer = a_provided_card(card.id, card=attrs.evolve(card.card, last4="1881"), customer_id=stage.customer())
    stage.env.gateway.add_payment_method(newer)


def sync(stage: Stage) -> None:
    stage.accounts.sync_customer(stage.customer())


def refuse_the_name(stage: Stage) -> None:
    stage.env.gateway.fail_next("update_customer", ProviderRefused("too_long", "name"))


CARDS: Mapping[str, Act] = {
    "verify a card": Act(
        do=with_card,
        trail=[(USER, "card_verified", VISA), (USER, "default_card_changed", {})],
        mails=[(MailKind.CARD_ADDED, OLD, {"happened_at": LATER, **VISA})],
    ),
    "verify a card, not verified": Act(
        is_verified=False,
        do=with_card,
        trail=[(USER, "card_verified", VISA), (USER, "default_card_changed", {})],
    ),
    "verify another card": Act(
        prepare=with_card,
        do=lambda s: s.verify("pm_card_mastercard"),
        trail=[(USER, "card_verified", {"brand": "mastercard", "last4": "4444"})],
        mails=[(MailKind.CARD_ADDED, OLD, {"happened_at": LATER, "brand": "mastercard", "last4": "4444"})],
    ),
    "verify a card that is declined": Act(
        do=lambda s: s.verify("pm_card_chargeDeclinedInsufficientFunds"),
        trail=[
            (
                USER,
                "card_rejected",
                {"outcome": "declined", "code": "card_declined", "decline_code": "insufficient_funds"},
            )
        ],
    ),
    "remove the default card": Act(
        prepare=two_cards,
        do=lambda s: s.accounts.remove_payment_method(s.jane.id, oldest(s)),
        trail=[(USER, "card_removed", VISA), (USER, "default_card_changed", {})],
        mails=[(MailKind.CARD_REMOVED, OLD, {"happened_at": LATER, **VISA})],
    ),
    "remove a card, not verified": Act(
        is_verified=False,
        prepare=with_card,
        do=lambda s: s.accounts.remove_payment_method(s.jane.id, s.card()),
        trail=[(USER, "card_removed", VISA), (USER, "default_card_changed", {})],
    ),
    "choose another default card": Act(
        prepare=two_cards,
        do=lambda s: s.accounts.set_default_payment_method(
            s.jane.id, next(iter(s.accounts.list_payment_methods(s.jane.id))).id
        ),
        trail=[(USER, "default_card_changed", {})],
    ),
    "a card is removed at the provider": Act(
        prepare=with_card,
        do=in_turn(lambda s: s.provider(lambda p: p.detach(s.card())), sync),
        trail=[(PROVIDER, "card_removed", VISA), (PROVIDER, "default_card_changed", {})],
        mails=[(MailKind.CARD_REMOVED, OLD, {"happened_at": LATER, **VISA})],
    ),
    "a card is renewed at the provider": Act(
        prepare=with_card,
        do=in_turn(renew, sync),
        trail=[(PROVIDER, "card_updated", {"brand": "visa", "last4": "1881"})],
    ),
    "another default is chosen at the provider": Act(
        prepare=two_cards,
        do=in_turn(
            lambda s: s.provider(
                lambda p: p.set_default(s.customer(), next(iter(s.accounts.list_payment_methods(s.jane.id))).id)
            ),
            sync,
        ),
        trail=[(PROVIDER, "default_card_changed", {})],
    ),
    "the provider refuses a name": Act(
        prepare=with_card,
        do=in_turn(refuse_the_name, lambda s: s.accounts.update_profile(s.jane.id, name="Jane Roe")),
        trail=[
            (USER, "user_renamed", {"name": "Jane Roe"}),
            (PROVIDER, "customer_details_refused", {"fields": "name", "code": "too_long"}),
        ],
    ),
    "the customer is deleted at the provider": Act(
        prepare=with_card,
        do=in_turn(lambda s: s.provider(lambda p: p.delete_customer(s.customer())), sync),
        trail=[(PROVIDER, "card_removed", VISA), (PROVIDER, "customer_lost", {})],
        mails=[(MailKind.CARD_REMOVED, OLD, {"happened_at": LATER, **VISA})],
    ),
}
