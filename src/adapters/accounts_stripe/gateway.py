"""`PaymentGateway` for Stripe, with an event loop and without.

Both gateways are subclasses of `Operations` and differ in the way they send a request.
"""

from types import TracebackType
from typing import Any, ClassVar, Literal, Self

import stripe

from accounts_core.errors import ProviderAmbiguous
from accounts_core.ports.blocking import BlockingPaymentGateway
from accounts_core.ports.lifecycle import Closes
from accounts_core.ports.payment_gateway import PaymentGateway
from accounts_stripe.calls import Call
from accounts_stripe.client import API_BASE, RETRIES, make_client
from accounts_stripe.converters import Object
from accounts_stripe.operations import Operations
from accounts_stripe.transport import AsyncTransport, BlockingTransport


class StripeGateway(Operations):
    """`PaymentGateway` for Stripe, for applications with an event loop.

    Use `async with StripeGateway.connect(key) as gateway: ...`, or call `connect` and later `await close()`. A gateway
    has one connection pool, which belongs to the event loop of its first request.
    """

    suspends: ClassVar[Literal[True]] = True

    def __init__(self, client: stripe.StripeClient, *, owned: AsyncTransport | None = None) -> None:
        """Use a configured client. `close` closes the transport `owned`."""
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
        """Return a gateway. Nothing is sent yet.

        Args:
            api_key: Stripe's secret key.
            api_base: The address of Stripe's API, or of another server with the same API.
            http_client: Sends the requests. The caller closes it. By default the gateway makes and closes its own.
            retries: The number of retries after a lost connection, a 409 or a 5xx.

        Raises:
            ValueError: The key or the address is malformed. The message does not contain the key.

        """
        owned = None
        if http_client is None:
            http_client = owned = AsyncTransport()
        return cls(make_client(api_key, api_base=api_base, http_client=http_client, retries=retries), owned=owned)

    async def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        if self._owned is not None:
            await self._owned.close_async()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, call: Call) -> Object:
        return _to_plain(await call.send(self._client, suffix="_async"))


class BlockingStripeGateway(Operations):
    """`PaymentGateway` for Stripe, for applications without an event loop. Safe to share between threads.

    Use `with BlockingStripeGateway.connect(key) as gateway: ...`, or call `connect` and later `close()`.
    """

    suspends: ClassVar[Literal[False]] = False
    blocks: ClassVar[Literal[True]] = True

    def __init__(self, client: stripe.StripeClient, *, owned: BlockingTransport | None = None) -> None:
        """Use a configured client. `close` closes the transport `owned`."""
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
        """Return a gateway. Nothing is sent yet. Arguments and errors are those of `StripeGateway.connect`."""
        owned = None
        if http_client is None:
            http_client = owned = BlockingTransport()
        return cls(make_client(api_key, api_base=api_base, http_client=http_client, retries=retries), owned=owned)

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self.close()

    async def _send(self, call: Call) -> Object:
        return _to_plain(call.send(self._client))


def _to_plain(answer: Any) -> Object:
    """Convert an object of the SDK to plain dictionaries and lists. Raises `ProviderAmbiguous` for anything else."""
    if not isinstance(answer, stripe.StripeObject):
        raise ProviderAmbiguous(f"Stripe's response is not an object: {type(answer).__name__}.")
    return answer.to_dict()


_: type[PaymentGateway] = StripeGateway
_blocking: type[BlockingPaymentGateway] = BlockingStripeGateway
_closes: type[Closes] = StripeGateway
_blocking_closes: type[Closes] = BlockingStripeGateway
