"""Unlink a customer that was deleted at the provider."""

from datetime import datetime

from accounts_core.model.events import Actor, CardRemoved, CustomerLost
from accounts_core.model.payment_method import Cards, PaymentMethod
from accounts_core.model.user import User
from accounts_core.ports.store import UnitOfWork


async def unlink_lost_customer(work: UnitOfWork, user: User, *, at: datetime) -> None:
    """Unlink the customer, which the provider deleted with its cards, from `user`, who is locked.

    The next verification creates another customer.
    """
    assert user.customer_id is not None
    for card in await work.payment_methods.list_for_user(user.id):
        work.record(removed_by_provider(user, card, at=at))
    await work.payment_methods.save(user.id, Cards())
    await work.users.save(user.unlink_customer())
    work.record(CustomerLost(user_id=user.id, at=at, by=Actor.PROVIDER, customer_id=user.customer_id))


def removed_by_provider(user: User, card: PaymentMethod, *, at: datetime) -> CardRemoved:
    """Return the event for a card that the provider no longer has."""
    return CardRemoved(
        user_id=user.id,
        at=at,
        by=Actor.PROVIDER,
        tell=user.verified_email,
        payment_method=card.id,
        brand=card.card.brand,
        last4=card.card.last4,
    )
