"""A mail server that says what it is told to, command by command."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import attrs

GREETING = "GREETING"
"""What a server says when it is connected to."""
CONTENT = "CONTENT"
"""What it says when it has read a mail."""

_USUAL = {
    GREETING: "220 ready",
    "EHLO": "250-mail.example\r\n250-AUTH PLAIN\r\n250-SMTPUTF8\r\n250 8BITMIME",
    "HELO": "250 mail.example",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 go on",
    "RCPT": "250 2.1.5 go on",
    "DATA": "354 write",
    CONTENT: "250 2.0.0 taken",
    "RSET": "250 again",
    "QUIT": "221 bye",
    "NOOP": "250 yes",
}


@attrs.define
class Scripted:
    """A server; `replies` may be changed between connections."""

    replies: Mapping[str, str]
    port: int = 0
    taken: int = 0
    """How many mails it took."""

    _open: set["asyncio.Task[None]"] = attrs.field(factory=set)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        with suppress(ConnectionError):
            await self._answer(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self._open.discard(task)

    async def ended(self) -> None:
        """Wait until every client has gone."""
        while self._open:
            await asyncio.wait(self._open)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, GREETING)
        while line := await reader.readline():
            command = line[:4].decode().upper().strip()
            reply = await self._say(writer, command)
            if command == "DATA" and reply.startswith("354"):
                while (await reader.readline()) not in {b".\r\n", b""}:
                    pass
                self.taken += (await self._say(writer, CONTENT)).startswith("250")

    async def _say(self, writer: asyncio.StreamWriter, command: str) -> str:
        reply = self.replies.get(command) or _USUAL.get(command, "500 5.5.1 unknown")
        writer.write(f"{reply}\r\n".encode())
        await writer.drain()
        return reply


@asynccontextmanager
async def scripted_server(replies: Mapping[str, str] | None = None) -> AsyncIterator[Scripted]:
    """Run such a server on this machine, in this event loop."""
    state = Scripted(replies or {})
    server = await asyncio.start_server(state.talk, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        await server.wait_closed()
        async with asyncio.timeout(5):
            await state.ended()
