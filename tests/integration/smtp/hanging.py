"""Mail servers that take a connection and then let the client wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import attrs


@attrs.define
class Hanging:
    """A server that answers nothing, or with `drip_seconds` one byte of an answer that never ends each time."""

    port: int = 0
    taken: int = 0
    """How many connections it has taken."""
    most_open: int = 0
    """How many were open at the same time at most."""
    _open: int = 0


@asynccontextmanager
async def hanging_server(*, drip_seconds: float | None = None, greeting: bytes = b"") -> AsyncIterator[Hanging]:
    """Run such a server on this machine, in this event loop. `greeting` is what it says first, and properly."""
    state = Hanging()
    writers: list[asyncio.StreamWriter] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        state.taken += 1
        state._open += 1
        state.most_open = max(state.most_open, state._open)
        with suppress(ConnectionError):
            writer.write(greeting)
            if drip_seconds is None:
                await reader.read()
            else:
                await _drip(reader, writer, drip_seconds)
        state._open -= 1
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        for writer in writers:
            writer.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Answer each command, but only just in time."""
    while await reader.readline():
        await asyncio.sleep(seconds)
        writer.write(b"250 go on\r\n")
        await writer.drain()
