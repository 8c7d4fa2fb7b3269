"""Whole requests: every field, header, query, path and kind of body through the application, and bytes on the wire."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_network
from typing import Any, Final, cast
from urllib.parse import quote, unquote

import httpx
from litestar import Litestar
from tests.integration.http.client import FORM as FORM_TYPE
from tests.integration.http.client import JSON as JSON_TYPE
from tests.integration.http.client import PASSWORD, Client, Run
from tests.integration.http.openapi import Operation, operations
from tests.integration.http.service import START, Clock, Lifespan, event_loop
from tests.integration.http.stripe_events import checking
from tests.security.linear_parsers import FORM, JSON
from tests.security.linear_work import Row, Work, Worst
from uvicorn import Config
from uvicorn.server import ServerState

from accounts_core import MailDispatch
from accounts_core.accounts import Accounts
from accounts_litestar import HttpOptions, create_app
from accounts_memory import MemoryGateway, MemoryMailer, MemoryStore, PlainHasher
from accounts_service.http_guard import GuardedProtocol
from accounts_system import SystemSecrets

Headers = list[tuple[bytes, bytes]]

_FIELD: Final = tuple(Worst(again=again) for again in ("a", "\\", "\u0315\u0301", "4 2 ", "\u0660"))
_HEADER: Final = tuple(Worst(again=again) for again in ("a", ",", '"', ":", "[", "a=b; "))
_PATH: Final = tuple(Worst(again=again) for again in ("/", "a", "/a", "%2f", "..%2f", "/.", "{", "/api/v1"))
_HEADERS: Final = (
    *("host", "authorization", "cookie", "content-type", "content-length", "content-encoding", "accept"),
    *("accept-encoding", "accept-language", "user-agent", "idempotency-key", "x-forwarded-for", "x-forwarded-proto"),
    *("origin", "referer", "stripe-signature", "connection", "upgrade", "range", "if-none-match", "expect", "x-other"),
)
_BODIED: Final = "PUT /api/v1/user"


class App:
    """The application, asked without a client's own work."""

    def __init__(self, app: Litestar, run: Run, token: str) -> None:
        self._app = app
        self._run = run
        self._token = token.encode()
        self.port = 0

    def asking(
        self, method: str, path: str, *, headers: Headers | None = None, body: bytes = b"", chunk: int = 1 << 20
    ) -> Work:
        """Return the work of one request; its body comes in chunks of so many bytes."""
        raw_path, _, query = path.partition("?")
        given = dict(headers or [])
        sent = {b"host": b"accounts.test", b"authorization": b"Bearer " + self._token, **given}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(raw_path, errors="replace"),
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": list(sent.items()),
            "client": ("10.0.0.1", 1234),
            "server": ("accounts.test", 80),
            "state": {},
        }
        chunks = [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]

        async def ask() -> None:
            waiting = iter(chunks)
            left = len(chunks)

            async def receive() -> Any:
                nonlocal left
                left -= 1
                return {"type": "http.request", "body": next(waiting, b""), "more_body": left > 0}

            async def send(message: Any) -> None:
                assert message.get("status", 200) < 500, message

            await self._app({**scope, "headers": list(scope["headers"]), "state": {}}, receive, send)  # type: ignore[arg-type]  # Litestar's scope type is narrower than ASGI's

        return lambda: self._run(ask())


@contextmanager
def serving_rows() -> Iterator[tuple[Row, ...]]:
    """Run the service in memory, and give a row for everything that a request can carry."""
    clock, secrets = Clock(START), SystemSecrets()
    accounts: Accounts[Any] = Accounts(
        mail_dispatch=MailDispatch.WORKER,
        limits=None,
        store=MemoryStore(),
        payments=MemoryGateway(clock, secrets),
        passwords=PlainHasher(),
        mailer=MemoryMailer(),
        clock=clock,
        secrets=secrets,
    )
    options = HttpOptions(webhook=checking(clock), trusted_proxies=(ip_network("10.0.0.0/8"),))
    app = create_app(accounts, options=options)
    with event_loop() as run:
        lifespan = Lifespan(app)
        run(lifespan.begin())
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://accounts.test")  # type: ignore[arg-type]  # Litestar's scope type is narrower than ASGI's
        jane = Client(run, http).sign_up()
        team = jane.post("/api/v1/accounts", json={"name": "Dev team"}).json()["data"]["id"]
        asked = App(app, run, jane.token or "")
        try:
            yield (*_bodies(asked), *_fields(asked, str(team)), *_heads(asked), *_wire(run))
        finally:
            run(http.aclose())
            run(lifespan.end())


def _bodies(app: App) -> Iterator[Row]:
    types = {JSON_TYPE: JSON, FORM_TYPE: FORM, "multipart/form-data; boundary=a": FORM, "text/plain": FORM}

    def body(media_type: str, key: Headers, text: str) -> Work:
        raw = text.encode()[: 16 * 1024]
        return app.asking("PUT", "/api/v1/user", headers=[(b"content-type", media_type.encode()), *key], body=raw)

    for media_type, worst in types.items():
        yield Row(name=f"{_BODIED}, {media_type}", make=partial(body, media_type, []), worst=worst)
    key = [(b"idempotency-key", b"once")]
    yield Row(name=f"{_BODIED}, JSON under a key", make=partial(body, JSON_TYPE, key), worst=JSON)
    yield Row(name=f"{_BODIED}, a form under a key", make=partial(body, FORM_TYPE, key), worst=FORM)
    public = "/api/auth/login"

    def a1(text: str) -> Work:
        return app.asking("POST", public, headers=[(b"content-type", JSON_TYPE.encode())], body=text.encode())

    yield Row(name=f"POST {public}: A1's own", make=a1, worst=JSON)

    def in_bytes(text: str) -> Work:
        head = [(b"content-type", JSON_TYPE.encode())]
        return app.asking("POST", public, headers=head, body=text.encode(), chunk=1)

    yield Row(name=f"POST {public}, byte by byte", make=in_bytes, worst=JSON[:2])

    def event(text: str) -> Work:
        return app.asking("POST", "/webhooks/stripe", headers=[(b"stripe-signature", b"t=1,v1=a")], body=text.encode())

    yield Row(name="POST /webhooks/stripe", make=event, worst=JSON[:2])


def _fields(app: App, team: str) -> Iterator[Row]:
    def field(operation: Operation, name: str, text: str) -> Work:
        room = text
        while len(raw := json.dumps({**operation.good_body(), name: room}, ensure_ascii=False).encode()) > 16 * 1024:
            room = room[: len(room) - max(1, (len(raw) - 16 * 1024) // 4)]
        path = operation.path.replace("{id}", team).replace("{user_id}", "1")
        return app.asking(operation.method, path, headers=[(b"content-type", JSON_TYPE.encode())], body=raw)

    for operation in operations():
        for name, kind in operation.fields.items():
            if operation.takes_body and kind == "string" and (operation.method, name) != ("POST", "body"):
                yield Row(name=f"{operation}: {name}"[:58], make=partial(field, operation, name), worst=_FIELD)


def _heads(app: App) -> Iterator[Row]:
    def header(name: str, text: str) -> Work:
        raw = text.encode("latin-1", "replace")
        return app.asking("GET", "/api/v1/user", headers=[(name.encode(), raw)])

    def written(name: str, text: str) -> Work:
        raw = text.encode("latin-1", "replace")
        sent = [(b"content-type", JSON_TYPE.encode()), (name.encode(), raw)]
        return app.asking("PUT", "/api/v1/user", headers=sent, body=b"{}")

    def signing_in(text: str) -> Work:
        body = json.dumps({"email": "jane@example.org", "password": PASSWORD + "!"}).encode()
        sent = [(b"content-type", JSON_TYPE.encode()), (b"user-agent", text.encode("latin-1", "replace"))]
        return app.asking("POST", "/api/auth/login", headers=sent, body=body)

    def event(text: str) -> Work:
        sent = [(b"stripe-signature", text.encode("latin-1", "replace"))]
        return app.asking("POST", "/webhooks/stripe", headers=sent, body=b"{}")

    def many(text: str) -> Work:
        width = len(text) // 90
        return app.asking("GET", "/api/v1/user", headers=[(b"x-%d" % n, b"a" * width) for n in range(90)])

    for name in _HEADERS:
        make = written if name.startswith(("content", "idempotency", "expect")) else header
        yield Row(name=f"the header {name}", make=partial(make, name), worst=_HEADER)
    yield Row(name="the header user-agent, signing in", make=signing_in, worst=_HEADER)
    yield Row(name="the header stripe-signature, of an event", make=event, worst=_HEADER)
    yield Row(name="ninety headers", make=many, worst=_HEADER[:1])
    yield Row(
        name="the query", make=lambda text: app.asking("GET", f"/api/users/current/activity?{quote(text)}"), worst=FORM
    )
    yield Row(
        name="the query, as it is",
        make=lambda text: app.asking("GET", f"/api/users/current/activity?{text}"),
        worst=FORM[:8],
    )
    yield Row(name="the path", make=lambda text: app.asking("GET", f"/{text}"), worst=_PATH)
    yield Row(
        name="an id in the path",
        make=lambda text: app.asking("GET", f"/api/v1/accounts/{quote(text, safe='')}"),
        worst=_FIELD,
    )


class _Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self._is_closing = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}.get(name, default)

    def write(self, data: Any) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    abort = close


async def _nothing(_: Any, receive: Callable[[], Any], __: Any) -> None:
    await asyncio.Event().wait()


def _wire(run: Run) -> Iterator[Row]:
    config = Config(cast("Any", _nothing), http=GuardedProtocol, lifespan="off", log_config=None)
    config.load()

    async def feed(pieces: list[bytes]) -> None:
        state = ServerState()
        protocol = GuardedProtocol(config=config, server_state=state, app_state={}, _loop=asyncio.get_running_loop())
        protocol.connection_made(_Transport())
        for piece in pieces:
            if not protocol.transport.is_closing():
                protocol.data_received(piece)
        tasks = list(state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        protocol.connection_lost(None)

    def sent(start: bytes, width: int, text: str) -> Work:
        raw = start + text.encode("latin-1", "replace")
        pieces = [raw[at : at + width] for at in range(0, len(raw), width)]
        return lambda: run(feed(pieces))

    get, post = b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    ways: dict[str, tuple[bytes, str]] = {
        "tiny chunks": (post, "1\r\na\r\n"),
        "a chunk's extension": (post + b"1;", "a=b;"),
        "a header's value": (get + b"X: ", "a"),
        "a header's name": (get, "a"),
        "headers": (get, "a:\r\n"),
        "spaces before a value": (get + b"X:", " "),
        "spaces after a value": (get + b"X: a", " "),
        "the target": (b"GET /", "a"),
        "the target's query": (b"GET /?", "%41&"),
        "trailers": (post + b"0\r\n", "a: b\r\n"),
        "line breaks": (b"", "\r\n"),
        "requests in a row": (b"", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        "a body": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", "a"),
    }
    for name, (start, again) in ways.items():
        for width, how in ((1 << 20, "at once"), (1, "byte by byte")):
            yield Row(name=f"on the wire: {name}, {how}", make=partial(sent, start, width), worst=(Worst(again=again),))
