"""Rules for replacing the provider's default payment method.

A default at the provider that was never verified here was chosen elsewhere on the same provider account: by the
application's own checkout, or as a payment method of another kind. Only a user who chooses a card here replaces it.
"""

from accounts_core.model.ids import UserId
from accounts_core.model.payment_method import Cards
from accounts_core.model.verification import CardVerification, State
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_core.ports.store import Reader, Store, UnitOfWork


async def is_managed_elsewhere(reader: Reader, user_id: UserId, cards: Cards, default: str | None) -> bool:
    """Return whether the provider's `default` is a payment method that no verification here led to.

    A card that was verified here and removed since does not count as such: it may be detached a moment later.
    """
    if default is None or default in cards:
        return False
    verification = await reader.verifications.find_by_payment_method(user_id, default)
    return verification is None or verification.state is not State.VERIFIED


async def open_verification(reader: Reader, user_id: UserId, default: str | None) -> CardVerification | None:
    """Return the open verification of the payment method that is the provider's default, or None."""
    if default is None:
        return None
    verification = await reader.verifications.find_by_payment_method(user_id, default)
    return verification if verification is not None and verification.is_open else None


async def replace_default(
    store: Store[UnitOfWork],
    payments: PaymentGateway,
    user_id: UserId,
    customer_id: str,
    card: str | None,
    *,
    chosen: str | None,
) -> None:
    """Make `card` the provider's default; None clears the default.

    A default that is managed elsewhere is replaced only by `chosen`, the card that the user chose.

    Raises:
        NotFound: The customer or the card does not exist.
        ProviderError: The provider refused, is busy, or did not answer.

    """
    if card is None or card != chosen:
        current = (await payments.retrieve_customer(customer_id)).default_payment_method
        if current == card:
            return
        async with store.reader() as reader:
            cards = await reader.payment_methods.list_for_user(user_id)
            if await is_managed_elsewhere(reader, user_id, cards, current):
                return
    await payments.set_default(customer_id, card)
