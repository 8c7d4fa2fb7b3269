"""Streamed answers over ASGI, for content that is too large for memory.

The server's `send` waits while its buffer is full, so at most one chunk is made ahead of the client. If making a chunk
fails, the answer ends without its last message, so that the client notices that it is incomplete.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from accounts_http.access_log import note

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Any], Awaitable[None]]


async def send_chunks(chunks: AsyncGenerator[bytes, None], receive: Receive, send: Send, *, is_head: bool) -> None:
    """Send the body of a streamed answer, after the message with its status and headers.

    Args:
        chunks: The chunks of `Streamed`.
        receive: ASGI's.
        send: ASGI's.
        is_head: Whether the request is a HEAD: then nothing is read and sent.

    """
    if is_head:
        await chunks.aclose()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    else:
        await _send_each(chunks, receive, send)


async def _send_each(chunks: AsyncGenerator[bytes, None], receive: Receive, send: Send) -> None:
    # after a disconnect `send` takes everything and sends nothing: without asking, all of it would still be read
    disconnected = asyncio.create_task(_disconnect(receive))
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                if disconnected.done():
                    note(sent="in part")
                    break
            else:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        disconnected.cancel()
        await asyncio.wait({disconnected})


async def _disconnect(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
