"""Sending of requests to Stripe: checks of ids, translation of errors, and pagination."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, TypeVar

import stripe

from accounts_core.errors import ProviderRefused
from accounts_core.model.card_numbers import holds_card_number
from accounts_core.ports.payment_gateway import Page
from accounts_stripe import converters
from accounts_stripe.calls import PAYMENT_METHODS, Call
from accounts_stripe.converters import Object
from accounts_stripe.translation import RESOURCE_MISSING, translate_errors

T = TypeVar("T")

_ID: Final = re.compile(r"[A-Za-z0-9_]{1,255}")
_PAYMENT_METHOD: Final = re.compile(r"(?:pm|card|src|ba)_[A-Za-z0-9_]{1,250}")
"""Ids of payment methods and older objects. Source: Stripe's documentation, "Payment Methods API"."""


class RequestSender(ABC):
    """Sends requests. A subclass implements `_send`."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    @abstractmethod
    async def _send(self, call: Call) -> Object:
        """Send one request and return the response. Raises Stripe's errors."""

    async def _request(self, call: Call) -> Object:
        """Check and send one request, and return the response. Raises the core's errors."""
        check_ids(call)
        with translate_errors(call):
            return await self._send(call)

    async def _page(self, call: Call, after: str | None, read: Callable[[Object], T | None]) -> Page[T]:
        """Return one page of a list, each object converted by `read`, without those for which it returns None."""
        objects, more = converters.to_page(await self._request(call if after is None else call.after(after)))
        items = [item for item in map(read, objects) if item is not None]
        return Page(items=items, after=objects[-1]["id"] if more and objects else None)

    async def _walk(self, call: Call, visit: Callable[[Object], bool | None]) -> None:
        """Call `visit` with every object of a list, page by page, until it returns True."""
        more = True
        while more:
            objects, more = converters.to_page(await self._request(call))
            for each in objects:
                if visit(each):
                    return
            if not objects:
                return
            call = call.after(objects[-1]["id"])


def check_ids(call: Call) -> None:
    """Check that ids can be Stripe's.

    Raises:
        ProviderRefused: An id is malformed or may be a card number, so the request must not be sent.

    """
    if not all(_ID.fullmatch(each) for each in call.path):
        raise ProviderRefused(RESOURCE_MISSING, "id")
    methods = list(call.path) if call.service == PAYMENT_METHODS else []
    if "payment_method" in call.params:
        methods.append(call.params["payment_method"])
    if not all(_PAYMENT_METHOD.fullmatch(each) and not holds_card_number(each) for each in methods):
        raise ProviderRefused(RESOURCE_MISSING, "payment_method")
