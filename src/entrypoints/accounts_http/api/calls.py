"""The argument of every handler: one request, read and authenticated before the handler runs."""

from collections.abc import AsyncGenerator, Mapping
from functools import partial
from typing import Any, Generic, TypedDict, TypeVar

import attrs

from accounts_core import Accounts
from accounts_core.model.ids import UserId
from accounts_core.model.paging import Page
from accounts_core.results import Caller
from accounts_http.api.answers import Answer, Background, Streamed
from accounts_http.api.requests import HttpRequest, path_of
from accounts_http.callers import touch
from accounts_http.parameters import PageQuery, next_link

B = TypeVar("B")
T = TypeVar("T")


class Origin(TypedDict):
    """The device that signs in."""

    user_agent: str | None
    client: str | None


@attrs.frozen(kw_only=True)
class Call(Generic[B]):
    """A request that needs no token."""

    request: HttpRequest
    accounts: Accounts[Any]
    """The facade; for a request with an idempotency key, bound to the request's unit of work."""
    body: B
    idempotency_key: str | None = None
    """The work key of a request with an idempotency key; for a sign-up the key itself."""

    @property
    def client(self) -> str | None:
        """The address that the request came from, if the server passes it on."""
        return self.request.client

    @property
    def path(self) -> Mapping[str, str]:
        """The parameters in the path, by name."""
        return self.request.path_params

    @property
    def origin(self) -> Origin:
        """The device that sent the request."""
        agents = self.request.headers.values(b"user-agent")
        return {"user_agent": agents[0] if agents else None, "client": self.client}


@attrs.frozen(kw_only=True)
class SignedInCall(Call[B]):
    """A request with a valid access token."""

    caller: Caller

    @property
    def user_id(self) -> UserId:
        """The id of the signed-in user."""
        return self.caller.user.id

    def answer(self, content: T, *, headers: dict[str, str] | None = None) -> Answer[T]:
        """Answer, and record afterwards that the session was used, if that is due."""
        return answer_to(self.accounts, self.caller, content, headers=headers)

    def stream(self, chunks: AsyncGenerator[bytes, None]) -> Streamed:
        """Answer with a JSON document that is made while it is sent."""
        return Streamed(chunks, background=_touch_if_due(self.accounts, self.caller))


@attrs.frozen(kw_only=True)
class ListCall(SignedInCall[None]):
    """A request for a page of a list."""

    page: PageQuery

    def answer_page(self, content: T, page: Page[Any]) -> Answer[T]:
        """Answer with a page of the list, and the `Link` to the next one."""
        return self.answer(content, headers=next_link(path_of(self.request), self.page, page))


def answer_to(
    accounts: Accounts[Any], caller: Caller, content: T, *, headers: dict[str, str] | None = None
) -> Answer[T]:
    """Answer a signed-in caller, and record afterwards that the session was used, if that is due."""
    return Answer(content, headers=headers or {}, background=_touch_if_due(accounts, caller))


def _touch_if_due(accounts: Accounts[Any], caller: Caller) -> Background | None:
    return partial(touch, accounts, caller) if caller.touch_due else None
