"""Events of the payment provider: verified, recorded, and left to a worker.

An event is a hint that something changed, never the change itself, so its fields are not read strictly. Only its
origin counts: the provider's signature covers the bytes of the body, whatever media type is sent with them.
"""

from accounts_http.webhooks import EVENT_LIMIT_BYTES, verify_event
from accounts_litestar.api.calls import Call
from accounts_litestar.api.endpoints import Endpoints
from accounts_litestar.api.routes import public_raw_post
from accounts_litestar.documentation.declarations import Docs
from accounts_litestar.edge.answers import Answer
from accounts_litestar.edge.reading import headers_of, read_raw


class WebhookApi(Endpoints):
    path = "/webhooks/stripe"
    tags = ("Webhooks",)

    @public_raw_post(
        "/",
        body_limit_bytes=EVENT_LIMIT_BYTES,
        docs=Docs(
            "receiveStripeEvent",
            "Receive an event of Stripe's",
            headers={"Stripe-Signature": "Stripe's signature over the body, made a moment ago."},
            problems=(409,),
        ),
    )
    async def receive(self, call: Call[None]) -> Answer[None]:
        """The body is an event as Stripe sends it. Events that came before, or are about nobody here, are fine too.

        So is one of another form, such as a thin event, which names no object: there is nothing to be done about it.
        """
        options = self.service.options
        assert options.webhook is not None
        event = verify_event(options.webhook, await read_raw(call.request), headers_of(call.request))
        if event.id is None:
            return Answer(None)
        is_new = await call.accounts.receive_provider_event(id=event.id, customer_id=event.customer_id)
        if is_new and options.wake_worker is not None:
            options.wake_worker()
        return Answer(None)
