"""Events of the payment provider: checked, noted, and left to a worker.

An event is a hint that something changed, never the change itself, so there is nothing in it to be read strictly. What
counts is that the provider sent it: its signature covers the bytes of the body, whatever type they are said to have.
"""

from collections.abc import Mapping
from typing import Final

from litestar import post

from accounts_core.errors import ClientError
from accounts_litestar.answers import Answer
from accounts_litestar.bodies import read_raw
from accounts_litestar.edge import WebhookRefused
from accounts_litestar.endpoints import NO_CONTENT, Endpoints, HttpRequest
from accounts_litestar.openapi import documented
from accounts_litestar.options import Webhook
from accounts_litestar.problems import logger

EVENT_LIMIT_BYTES: Final = 1024 * 1024


class WebhookApi(Endpoints):
    path = "/webhooks/stripe"
    tags = ("Webhooks",)

    @post(
        status_code=NO_CONTENT,
        request_max_body_size=EVENT_LIMIT_BYTES,
        **documented(
            "receiveStripeEvent",
            "Receive an event of Stripe's",
            raw=True,
            headers={"Stripe-Signature": "Stripe's signature over the body, made a moment ago."},
            public=True,
            problems=[409],
        ),
    )
    async def receive(self, request: HttpRequest) -> Answer[None]:
        """The body is an event as Stripe sends it. Events that came before, or are about nobody here, are fine too.

        So is one of another form, such as a thin event, which names no object: there is nothing to be done about it.
        """
        assert self.options.webhook is not None
        body = await read_raw(request)
        event_id, customer_id = _checked(self.options.webhook, body, request)
        if event_id is None:
            return Answer(None)
        is_new = await self.accounts.receive_provider_event(id=event_id, customer_id=customer_id)
        if is_new and self.options.wake_worker is not None:
            self.options.wake_worker()
        return Answer(None)


def _checked(webhook: Webhook, body: bytes, request: HttpRequest) -> tuple[str | None, str | None]:
    try:
        event = webhook(body, _headers(request))
    except ClientError as error:
        logger.warning("A webhook was refused: %s", error)
        # without the frames that hold the webhook's secret: an error reporter looks into them
        raise WebhookRefused from None
    return event.id, event.customer_id


def _headers(request: HttpRequest) -> Mapping[str, str]:
    """Return the headers by name. One that was sent twice is joined (RFC 9110, 5.3): which counts is not for us."""
    found: dict[str, list[str]] = {}
    for name, value in request.scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in found.items()}
