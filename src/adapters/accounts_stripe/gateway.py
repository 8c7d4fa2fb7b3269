"""`PaymentGateway` on Stripe, once for hosts with an event loop and once for hosts without.

Both are the same code, `Operations`: only who sends a request differs.
"""

from types import TracebackType
from typing import Any, ClassVar, Literal, Self

import stripe

from accounts_core.errors import ProviderAmbiguous
from accounts_core.ports.blocking import BlockingPaymentGateway
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_stripe.calls import Call
from accounts_stripe.client import API_BASE, RETRIES, stripe_client
from accounts_stripe.converters import Object
from accounts_stripe.operations import Operations
from accounts_stripe.transport import AsyncTransport, BlockingTransport


class StripeGateway(Operations):
    """`PaymentGateway` on Stripe, for hosts with an event loop.

    `async with StripeGateway.connect(key) as gateway: ...`, or `connect` and, at the end, `await close()`. It holds one
    pool of connections, which belongs to the event loop of its first request.
    """

    suspends: ClassVar[Literal[True]] = True

    def __init__(self, client: stripe.StripeClient, *, owned: AsyncTransport | None = None) -> None:
        """Work over a client that is set up already. `owned` is what `close` closes."""
        super().__init__(client)
        self._owned = owned

    @classmethod
    def connect(
        cls,
        api_key: str,
        *,
        api_base: str = API_BASE,
        http_client: stripe.HTTPClient | None = None,
        retries: int = RETRIES,
    ) -> Self:
        """Set up a gateway; nothing is sent yet.

        `api_base` is where another server speaks Stripe's API. An `http_client` that is handed in is used as it is, and
        closed by whoever made it. Raises `ValueError`, without the key in it, for a key or address that cannot be one.
        """
        owned = None
        if http_client is None:
            http_client = owned = AsyncTransport()
        return cls(stripe_client(api_key, api_base=api_base, http_client=http_client, retries=retries), owned=owned)

    async def close(self) -> None:
        """Close the connections. Doing it twice is fine."""
        if self._owned is not None:
            await self._owned.close_async()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, call: Call) -> Object:
        return _plain(await call.on(self._client, suffix="_async"))


class BlockingStripeGateway(Operations):
    """`PaymentGateway` on Stripe, for hosts without an event loop. Safe to share between threads.

    `with BlockingStripeGateway.connect(key) as gateway: ...`, or `connect` and, at the end, `close()`.
    """

    suspends: ClassVar[Literal[False]] = False

    def __init__(self, client: stripe.StripeClient, *, owned: BlockingTransport | None = None) -> None:
        """Work over a client that is set up already. `owned` is what `close` closes."""
        super().__init__(client)
        self._owned = owned

    @classmethod
    def connect(
        cls,
        api_key: str,
        *,
        api_base: str = API_BASE,
        http_client: stripe.HTTPClient | None = None,
        retries: int = RETRIES,
    ) -> Self:
        """Set up a gateway; nothing is sent yet. The arguments are those of `StripeGateway.connect`."""
        owned = None
        if http_client is None:
            http_client = owned = BlockingTransport()
        return cls(stripe_client(api_key, api_base=api_base, http_client=http_client, retries=retries), owned=owned)

    def close(self) -> None:
        """Close the connections. Doing it twice is fine."""
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self.close()

    async def _send(self, call: Call) -> Object:
        return _plain(call.on(self._client))


def _plain(answer: Any) -> Object:
    """Return the SDK's object as plain dictionaries and lists."""
    if not isinstance(answer, stripe.StripeObject):
        raise ProviderAmbiguous(f"Stripe's answer is no object but a {type(answer).__name__}.")
    return answer.to_dict()


_: type[PaymentGateway] = StripeGateway
_blocking: type[BlockingPaymentGateway] = BlockingStripeGateway
