"""The simulator on a loopback port: an ASGI application, and uvicorn to run it."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from types import FrameType
from typing import Any, Final

from accounts_stripe_simulator.answers import PROTECTIVE_HEADERS, ConnectionLost, Response
from accounts_stripe_simulator.control import PREFIX, control
from accounts_stripe_simulator.requests import Request
from accounts_stripe_simulator.simulator import Simulator
from accounts_stripe_simulator.webhooks import Webhook

MAX_BODY: Final = 1 << 20
DELIVERY_SECONDS: Final = 0.1
"""How often the server looks for events to deliver."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def create_app(simulator: Simulator) -> App:
    """Return an ASGI application: Stripe's API under `/v1/`, the simulator's own pages under `/simulator/`.

    A request whose answer is lost gets half an answer and the end of the connection.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"The simulator speaks HTTP, not {scope['type']}.")
        method, path = scope["method"], scope["path"]
        body = await _body(receive)
        if body is None:
            return
        if path.startswith(PREFIX):
            await _answer(send, control(simulator, method, path, body))
            return
        query = scope["query_string"].decode("latin-1")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request.of(method, f"{path}?{query}" if query else path, headers, body)
        try:
            response = await _exchange(simulator, request, receive)
        except ConnectionLost:
            start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]}
            await send(start)
            return
        await _answer(send, response)

    return app


def serve(
    simulator: Simulator,
    port: int,
    *,
    host: str = "127.0.0.1",
    webhook_url: str | None = None,
    announce: Callable[[str], object] | None = None,
) -> None:
    """Listen until SIGINT or SIGTERM. Port 0 takes any that is free; `announce` is told the address.

    Events are posted to `webhook_url`, again and again until they are answered with a 2xx. The address becomes the
    simulator's `url`. Raises `OSError` when the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        # asyncio does this only for sockets that name their protocol; without it, each answer waits 40 ms for an ACK
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound = listener.getsockname()[1]
        simulator.url = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"
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
        """uvicorn, for which being told to stop is no failure: its own way ends the process with the signal."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  as uvicorn calls it
            self.force_exit = self.should_exit and sig == signal.SIGINT
            self.should_exit = True

    config = uvicorn.Config(
        create_app(simulator),
        lifespan="off",
        ws="none",
        # an answer that is lost on purpose is an error in uvicorn's eyes
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    if announce is not None:
        announce(simulator.url)
    delivery = asyncio.create_task(_deliver(simulator, webhook_url)) if webhook_url else None
    try:
        await Server(config).serve([listener])
    finally:
        if delivery is not None:
            delivery.cancel()
            await asyncio.gather(delivery, return_exceptions=True)


async def _deliver(simulator: Simulator, url: str) -> None:
    import httpx

    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:

        async def post(webhook: Webhook) -> None:
            answer = await client.post(url, content=webhook.payload, headers=dict(webhook.headers))
            answer.raise_for_status()

        while True:
            await simulator.webhooks.deliver_async(post)
            await asyncio.sleep(DELIVERY_SECONDS)


async def _exchange(simulator: Simulator, request: Request, receive: Receive) -> Response:
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


async def _body(receive: Receive) -> str | None:
    """Return the body, or None when the client is gone or sends too much."""
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


async def _answer(send: Send, response: Response) -> None:
    headers = {**PROTECTIVE_HEADERS, **response.headers, "content-length": str(len(response.body))}
    encoded = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": response.body})
