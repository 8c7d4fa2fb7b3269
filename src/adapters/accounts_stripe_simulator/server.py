"""The simulator as a server: an ASGI application, and uvicorn to run it on a loopback port."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from types import FrameType
from typing import Any, Final

from accounts_stripe_simulator.answers import PROTECTIVE_HEADERS, ConnectionLost, Response
from accounts_stripe_simulator.control import PREFIX, handle_page
from accounts_stripe_simulator.requests import Request
from accounts_stripe_simulator.simulator import Simulator
from accounts_stripe_simulator.webhooks import Webhook

MAX_BODY: Final = 1 << 20
DELIVERY_SECONDS: Final = 0.1
"""The interval between deliveries of events."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def create_app(simulator: Simulator) -> App:
    """Return an ASGI application with Stripe's API under `/v1/` and the simulator's pages under `/simulator/`.

    A request with a lost response gets an incomplete response, and the connection is closed.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"The simulator speaks HTTP, not {scope['type']}.")
        method, path = scope["method"], scope["path"]
        body = await _read_body(receive)
        if body is None:
            return
        if path.startswith(PREFIX):
            await _send_response(send, handle_page(simulator, method, path, body))
            return
        query = scope["query_string"].decode("latin-1")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request.parse(method, f"{path}?{query}" if query else path, headers, body)
        try:
            response = await _run_exchange(simulator, request, receive)
        except ConnectionLost:
            start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]}
            await send(start)
            return
        await _send_response(send, response)

    return app


def serve(
    simulator: Simulator,
    port: int,
    *,
    host: str = "127.0.0.1",
    webhook_url: str | None = None,
    announce: Callable[[str], object] | None = None,
) -> None:
    """Serve a simulator until SIGINT or SIGTERM. Its `url` becomes the address of the server.

    Args:
        simulator: The simulator.
        port: The port; 0 for any free port.
        host: The address to listen on.
        webhook_url: The URL that events are posted to, each until the response is a 2xx. Without it events are kept.
        announce: Called with the address of the server when it listens.

    Raises:
        OSError: The port is in use.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        # asyncio sets this only on sockets with an explicit protocol; without it each response waits 40 ms for an ACK
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound_port = listener.getsockname()[1]
        simulator.url = f"http://[{host}]:{bound_port}" if ":" in host else f"http://{host}:{bound_port}"
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(simulator, listener, webhook_url, announce))


async def _serve(
    simulator: Simulator,
    listener: socket.socket,
    webhook_url: str | None,
    announce: Callable[[str], object] | None,
) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        """A uvicorn server that returns after a signal, where uvicorn itself raises the signal again."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  as uvicorn calls it
            self.force_exit = self.should_exit and sig == signal.SIGINT
            self.should_exit = True

    config = uvicorn.Config(
        create_app(simulator),
        lifespan="off",
        ws="none",
        # uvicorn logs an incomplete response as an error, and here a fault asks for it
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    if announce is not None:
        announce(simulator.url)
    delivery = asyncio.create_task(_deliver_webhooks(simulator, webhook_url)) if webhook_url else None
    try:
        await Server(config).serve([listener])
    finally:
        if delivery is not None:
            delivery.cancel()
            await asyncio.gather(delivery, return_exceptions=True)


async def _deliver_webhooks(simulator: Simulator, url: str) -> None:
    import httpx

    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:

        async def post(webhook: Webhook) -> None:
            answer = await client.post(url, content=webhook.payload, headers=dict(webhook.headers))
            answer.raise_for_status()

        while True:
            await simulator.webhooks.deliver_async(post)
            await asyncio.sleep(DELIVERY_SECONDS)


async def _run_exchange(simulator: Simulator, request: Request, receive: Receive) -> Response:
    exchange = simulator.exchange(request)
    try:
        while True:
            seconds = next(exchange).seconds
            if seconds is not None:
                await asyncio.sleep(seconds)
                continue
            while (await receive())["type"] != "http.disconnect":
                pass
            raise ConnectionLost("The client gave up.")
    except StopIteration as end:
        response: Response = end.value
        return response
    finally:
        exchange.close()


async def _read_body(receive: Receive) -> str | None:
    """Return the body, or None if the client disconnects or sends more than `MAX_BODY` bytes."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        if not message.get("more_body"):
            return body.decode(errors="replace")


async def _send_response(send: Send, response: Response) -> None:
    headers = {**PROTECTIVE_HEADERS, **response.headers, "content-length": str(len(response.body))}
    encoded = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": response.body})
