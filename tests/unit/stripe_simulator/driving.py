"""What the tests ask the simulator for, again and again, through the real SDK."""

from typing import Any

import attrs
import stripe


@attrs.frozen
class Driver:
    """The requests of a card verification. Whatever is given on top goes into the request."""

    client: stripe.StripeClient

    def customer(self, **params: Any) -> str:
        return self.client.v1.customers.create(params).id  # type: ignore[arg-type]  # built as a test wants it

    def hold(
        self, customer: str, card: str = "pm_card_visa", *, key: str | None = None, **params: Any
    ) -> stripe.PaymentIntent:
        request: Any = {
            "amount": 100,
            "currency": "usd",
            "customer": customer,
            "payment_method": card,
            "allowed_payment_method_types": ["card"],
            "capture_method": "manual",
            "confirm": True,
            "setup_future_usage": "off_session",
            **params,
        }
        present = {name: value for name, value in request.items() if value is not None}
        return self.client.v1.payment_intents.create(present, {"idempotency_key": key} if key else {})  # type: ignore[arg-type]

    def declined(self, customer: str, card: str, **params: Any) -> stripe.CardError:
        try:
            self.hold(customer, card, **params)
        except stripe.CardError as error:
            return error
        raise AssertionError("The card was not declined.")

    def attached(self, customer: str, card: str = "pm_card_visa") -> stripe.PaymentMethod:
        return self.client.v1.payment_methods.attach(card, {"customer": customer})

    def cards(self, customer: str) -> list[str]:
        return [each.id for each in self.client.v1.customers.payment_methods.list(customer).data]


def code_of(error: stripe.StripeError) -> str | None:
    """Return the code; the SDK leaves `error.code` empty for some classes."""
    assert error.error is not None
    code: str | None = error.error.code
    return code
