"""Events of the payment provider: verified by their signature, recorded, and left to a worker."""

import logging
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from accounts_core.errors import ClientError
from accounts_http.errors import WebhookRefused
from accounts_http.headers import Headers

EVENT_LIMIT_BYTES: Final = 1024 * 1024

logger: Final = logging.getLogger("accounts_http")


class ProviderEvent(Protocol):
    """The fields of a verified event that are used."""

    @property
    def id(self) -> str | None:
        """The same on each delivery of the event. An event without one is ignored."""
        ...

    @property
    def customer_id(self) -> str | None:
        """The billing customer that the event is about, if any."""
        ...


Webhook = Callable[[bytes, Mapping[str, str]], ProviderEvent]
"""Takes the body as it came and the headers, with lower-case names. Raises any `ClientError` for an event that is not
the provider's."""


def verify_event(webhook: Webhook, body: bytes, headers: Headers) -> ProviderEvent:
    """Return the event in this body. Raises `WebhookRefused` unless the provider signed it."""
    try:
        return webhook(body, headers.joined())
    except ClientError as error:
        logger.warning("A webhook was refused: %s", error)
        # without the frames that hold the webhook's secret: an error reporter looks into them
        raise WebhookRefused from None
