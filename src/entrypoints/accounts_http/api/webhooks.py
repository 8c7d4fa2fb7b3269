"""Events of the payment provider: verified, recorded, and left to a worker.

An event is a hint that something changed, never the change itself, so its fields are not read strictly. Only its
origin counts: the provider's signature covers the bytes of the body, whatever media type is sent with them.
"""

from accounts_http.api.answers import Answer
from accounts_http.api.calls import Call
from accounts_http.api.endpoints import Endpoints
from accounts_http.api.routes import public_raw_post
from accounts_http.openapi.declarations import Docs
from accounts_http.webhooks import EVENT_LIMIT_BYTES, verify_event


class WebhookApi(Endpoints):
    path = "/webhooks/stripe"
    area = "webhooks"
    tags = ("Webhooks",)

    @public_raw_post(
        "/",
        body_limit_bytes=EVENT_LIMIT_BYTES,
        docs=Docs(
            "receiveStripeEvent",
            "Receive a Stripe event",
            headers={"Stripe-Signature": "Stripe's signature of the body, with a recent timestamp."},
            problems=(409,),
        ),
    )
    async def receive(self, call: Call[None]) -> Answer[None]:
        """Takes an event as Stripe sends it. Repeated events, and events about unknown customers, are accepted.

        Events of another form, such as thin events, are accepted and ignored.
        """
        options = self.service.options
        assert options.webhook is not None
        event = verify_event(options.webhook, await call.request.body(EVENT_LIMIT_BYTES), call.request.headers)
        if event.id is None:
            return Answer(None)
        is_new = await call.accounts.receive_provider_event(id=event.id, customer_id=event.customer_id)
        if is_new and options.wake_worker is not None:
            options.wake_worker()
        return Answer(None)
