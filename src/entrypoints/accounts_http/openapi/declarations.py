"""The declaration of a call: its route, and the documentation that does not follow from it."""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import attrs
import msgspec

from accounts_http.idempotency import Idempotency
from accounts_http.openapi.links import Links

Method: TypeAlias = Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"]

ANY_CALL: Final = (500, 503)
"""Statuses that every call can have that uses the store."""


@attrs.frozen
class Docs:
    """The name, summary and answers of a call in the OpenAPI document. The description is the handler's docstring."""

    id: str
    """The operation id."""
    summary: str
    example: Any = attrs.field(default=None, kw_only=True)
    """A successful answer."""
    problems: tuple[int, ...] = attrs.field(default=(), kw_only=True)
    """Statuses of refusals, in addition to those that follow from the route."""
    always: tuple[int, ...] = attrs.field(default=ANY_CALL, kw_only=True)
    """Statuses of failures that are not the client's."""
    also: Mapping[int, str] = attrs.field(factory=dict, kw_only=True)
    """Other successful answers without a body: status and description."""
    links: Links = attrs.field(factory=dict, kw_only=True)
    """The calls that take values of the answer."""
    headers: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    """Required headers: name and description."""


@attrs.frozen(kw_only=True)
class Route:
    """The declaration of a call."""

    method: Method
    path: str
    docs: Docs
    status: int = 200
    body: type[msgspec.Struct] | None = None
    """The struct of the body; None for a call that has none, or reads it as it comes."""
    needs_token: bool = True
    """Whether the call needs an access token."""
    authenticates: bool = True
    """Whether the token is checked before the handler runs; otherwise that is up to the handler."""
    page_size: int | None = None
    """The default page size of a call that lists something."""
    accepts_key: bool = False
    """Whether the call takes an `Idempotency-Key`."""
    idempotency: Idempotency | None = None
    """The treatment of a repeat under a key; None if the handler does that."""
    raw_body: bool = False
    """Whether the body may be of any media type, because its bytes matter."""
    body_limit_bytes: int | None = None
    """The limit of the body, where it differs from the service's."""


@attrs.frozen(kw_only=True)
class Documented:
    """All of a call that is in the OpenAPI document."""

    route: Route
    path: str
    """The whole path, such as `/api/auth/sessions/{id}`."""
    tags: tuple[str, ...]
    content: Any
    """The type of a successful answer's content; None for one without a body."""
    description: str | None
