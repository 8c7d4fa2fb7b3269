"""`GET /me` of the two applications of `fastapi_me.py` without servers: CPU for each request, in one process.

    python benchmarks/fastapi_me_alone.py

32 tasks send requests straight to the ASGI applications, in turns, on one PostgreSQL. Only this process's own CPU is
counted, so a busy machine disturbs it little. The example's worker runs meanwhile, and is counted with both alike.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from typing import Any

import uvloop
from databases import postgres
from run import HERE, ROOT, verdict

ROUNDS, TASKS, REQUESTS = 15, 32, 30
AIM = 0.95


async def measure(app: Any, token: str) -> float:
    """Return the requests for a second of CPU."""
    headers = [(b"host", b"shop"), (b"authorization", f"Bearer {token}".encode())]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def request() -> None:
        statuses: list[int] = []

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http"}
        scope |= {"path": "/me", "raw_path": b"/me", "root_path": "", "query_string": b"", "state": {}}
        scope |= {"headers": headers, "client": ("127.0.0.1", 1), "server": ("shop", 80)}
        await app(scope, receive, send)
        assert statuses[0] == 200, statuses

    async def task() -> None:
        for _ in range(REQUESTS):
            await request()

    began = time.process_time()
    await asyncio.gather(*(task() for _ in range(TASKS)))
    return TASKS * REQUESTS / (time.process_time() - began)


async def main() -> None:
    import fastapi_app as ours  # both read DATABASE_URL when they are imported
    import fastapi_by_hand as hand

    jane = {"email": "jane@example.org", "password": "a benchmark's long password"}
    apps = (ours.app, hand.app)
    async with ours.app.router.lifespan_context(ours.app), hand.app.router.lifespan_context(hand.app):
        await ours.accounts.register(**jane, name="Jane Doe")
        token = (await ours.accounts.sign_in(**jane)).token
        for app in apps:
            await measure(app, token)
        rounds = [[await measure(app, token) for app in apps] for _ in range(ROUNDS)]
    rates = list(zip(*rounds, strict=True))
    for name, each in zip(("accounts_fastapi", "hand-written"), rates, strict=True):
        median, best = 1e6 / statistics.median(each), 1e6 / max(each)
        print(f"  {name:<28}{median:6.0f} us of CPU for each request, at best {best:.0f}")
    print(verdict("requests for a second of CPU", *rates, AIM))


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(ROOT / "examples")]
    with postgres() as database, tempfile.TemporaryDirectory(prefix="accounts-bench-") as folder:
        os.environ["DATABASE_URL"] = database("shop")
        os.chdir(folder)
        uvloop.run(main())
