"""People who call a service over HTTP, each from an address of their own that a trusted proxy tells."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
from benchmarks.flood import LOGIN, PATIENCE_SECONDS, REGISTER, _port_of
from benchmarks.load import HOST

PASSWORD = "a benchmark's long password"


@attrs.define
class Seen:
    """What one kind of call came to."""

    statuses: Counter[int] = attrs.field(factory=Counter)
    seconds: list[float] = attrs.field(factory=list)

    def note(self, status: int, seconds: float) -> None:
        self.statuses[status] += 1
        self.seconds.append(seconds)

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")

    def told(self) -> str:
        answered = ", ".join(f"{number} x {status}" for status, number in sorted(self.statuses.items()))
        figures = " ".join(f"{self.percentile_ms(percent):>9.1f}" for percent in (50, 95, 100))
        return f"{figures}   {answered}"


@contextmanager
def serving(folder: Path, database_url: str, settings: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """Run the service behind a proxy on this machine, and give its process id and its port."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ACCOUNTS_")}
    own = {"ACCOUNTS_DATABASE_URL": database_url, "ACCOUNTS_TRUSTED_PROXIES": "127.0.0.1", **settings}
    with (folder / "service.log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "accounts_cli", "serve", "--host", HOST, "--port", "0"],
            env={**plain, **own},
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            yield process.pid, _port_of(process, Path(log.name))
        finally:
            process.terminate()  # a job that a killed service was about waits for the end of its lease
            try:
                process.wait(PATIENCE_SECONDS)
            finally:
                process.kill()
                process.wait()


class Caller:
    """One keep-alive connection of a client at some address."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(
        self, method: str, path: str, client: str, body: dict[str, str] | None = None, token: str | None = None
    ) -> tuple[int, float, bytes]:
        """Return the status, how long it took in seconds, and the body."""
        content = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"X-Forwarded-For: {client}"]
        if token is not None:
            head.append(f"Authorization: Bearer {token}")
        if content:
            head += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        begun = time.perf_counter()
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._streams
        writer.write("\r\n".join([*head, "", ""]).encode() + content)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answer.lower())
        told = await reader.readexactly(int(length[1]) if length else 0)
        if b"connection: close" in answer.lower():
            await self.close()
        return int(answer[9:12]), time.perf_counter() - begun, told

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


async def tokens_of(port: int, names: list[str], clients: Iterator[int]) -> list[str]:
    """Sign people up and in, each from an address of their own."""
    found, caller = [], Caller(port)
    for name in names:
        proof = {"email": f"{name}@example.com", "password": PASSWORD}
        client = address(next(clients))
        status, _, told = await caller.call("POST", REGISTER, client, {**proof, "name": "Somebody"})
        assert status == 201, told
        status, _, told = await caller.call("POST", LOGIN, client, proof)
        assert status == 200, told
        found.append(json.loads(told)["access_token"])
    await caller.close()
    return found
