"""A server behind the SDK's HTTP client interface: it keeps what it is asked and says what it was told to say."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import attrs
import stripe
from tests.unit.stripe.objects import Json

from accounts_stripe import BlockingStripeGateway, StripeGateway

KEY = "sk_test_CANARYcanaryCANARY"

Gateway: TypeAlias = StripeGateway | BlockingStripeGateway


@attrs.frozen
class Asked:
    method: str
    path: str
    params: dict[str, str]
    headers: Mapping[str, str]

    @property
    def line(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def key(self) -> str | None:
        return self.headers.get("Idempotency-Key")


@attrs.frozen
class Answer:
    body: Json | bytes
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)


class FakeStripe(stripe.HTTPClient):
    """Gives its answers in order; an exception among them is raised. Never suspends."""

    name = "fake"

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Asked] = []
        self.answers: list[Answer | BaseException] = []
        self.slept: list[float] = []

    def will(self, *answers: Json | Answer | BaseException) -> None:
        self.answers += [Answer(answer) if isinstance(answer, dict) else answer for answer in answers]

    @property
    def lines(self) -> list[str]:
        return [each.line for each in self.asked]

    def request(  # type: ignore[override]  # the SDK adds a keyword for streams
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        parts = urlsplit(url)
        self.asked.append(Asked(method, parts.path, dict(parse_qsl(post_data or parts.query, True)), headers))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        return body, answer.status, answer.headers

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        return self.request(method, url, headers, post_data)

    async def sleep_async(self, secs: float) -> None:
        self.slept.append(secs)


def no_answer() -> stripe.APIConnectionError:
    return stripe.APIConnectionError("No answer", should_retry=True)  # type: ignore[no-untyped-call]  # the SDK's


def chain(error: BaseException) -> Iterable[BaseException]:
    """Return an error, what it came from, and so on."""
    each: BaseException | None = error
    while each is not None:
        yield each
        each = each.__cause__ or each.__context__
