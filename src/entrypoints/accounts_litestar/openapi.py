"""What OpenAPI says of each call, given where the call is: its body in both media types, its page, its problems."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

import msgspec
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import (
    Components,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    RequestBody,
    Schema,
    SecurityScheme,
)
from litestar.openapi.spec.enums import OpenAPIType

from accounts_core.model.paging import MAX_PAGE
from accounts_litestar.answers import JSON
from accounts_litestar.bodies import FORM
from accounts_litestar.links import Links
from accounts_litestar.problems import MEDIA_TYPE, UNEXPECTED, Problem

SECURITY_SCHEME: Final = "accountsBearer"
COMPONENTS: Final = Components(
    security_schemes={
        SECURITY_SCHEME: SecurityScheme(
            type="http", scheme="bearer", description="An access token, from `POST /api/auth/login`."
        )
    }
)

_UNDER_A_TOKEN: Final = (400, 401)
_WITH_A_BODY: Final = (400, 413, 415, 422)
_ANYHOW: Final = (500, 503)
_DESCRIPTIONS: Final = {
    400: "The request cannot be read.",
    401: "No access token, a wrong one, or wrong credentials.",
    402: "The card was declined; `declineCode` says why, as far as the bank lets it be known.",
    403: "Not allowed, or not without more proof of who is asking.",
    404: "There is no such thing, or none that this user may see.",
    409: "It stands against something else: an address that is taken, another call that was first.",
    413: "The request body is too large.",
    415: "The request body is neither JSON nor a form.",
    422: "Fields are missing, unknown, of the wrong type, or break a rule.",
    429: "Too many attempts; `Retry-After` says when the next one counts.",
    500: "The fault is the service's own.",
    503: "A database or the payment provider is away; `Retry-After` says when to try again.",
}


def _header(kind: OpenAPIType, description: str, *, required: bool = True) -> OpenAPIHeader:
    return OpenAPIHeader(schema=Schema(type=kind), required=required, description=description)


_RETRY_AFTER: Final = {"Retry-After": _header(OpenAPIType.INTEGER, "Whole seconds until it is worth trying again.")}
_HEADERS: Final[Mapping[int, dict[str, OpenAPIHeader]]] = {
    401: {"WWW-Authenticate": _header(OpenAPIType.STRING, "`Bearer`, and whether a token was sent (RFC 6750).")},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}
_REPLAYED: Final = {
    "Idempotent-Replayed": _header(
        OpenAPIType.STRING, "`true` where the answer was given before, to the same key.", required=False
    )
}

ANY_TYPE: Final = "*/*"
"""The media type of a body that is taken as it comes: its bytes matter, not what they are said to be."""
_RAW_BODY: Final = RequestBody(required=True, content={ANY_TYPE: OpenAPIMediaType(schema=Schema())})

_KEY: Final = Parameter(
    name="Idempotency-Key",
    param_in="header",
    required=False,
    description="Makes a repeat of this very request safe for 24 hours: it gets the first answer again.",
    schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=255, pattern="^[ -~]+$"),
)

_NEXT: Final = {
    "Link": _header(
        OpenAPIType.STRING,
        'The next page, as `<path>; rel="next"` (RFC 8288); only where there are more entries.',
        required=False,
    )
}


def _page(default: int) -> list[Parameter]:
    return [
        Parameter(
            name="limit",
            param_in="query",
            required=False,
            description="At most so many entries.",
            schema=Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=MAX_PAGE, default=default),
        ),
        Parameter(
            name="before",
            param_in="query",
            required=False,
            description=(
                "Only what comes after this entry; lists are newest first. The position from the `Link` of the page "
                "before, which needs no entry to be there, or the id of an entry that is in the list."
            ),
            schema=Schema(type=OpenAPIType.STRING),
        ),
    ]


@dataclass
class Documented(Operation):
    """An operation with what its handler's signature does not say."""

    body: ClassVar[type[msgspec.Struct] | None] = None
    example: ClassVar[Any] = None
    paged: ClassVar[int | None] = None
    raw: ClassVar[bool] = False
    headers: ClassVar[Mapping[str, str]] = {}
    keyed: ClassVar[bool] = False
    also: ClassVar[Mapping[int, str]] = {}
    links: ClassVar[Links] = {}
    problems: ClassVar[tuple[int, ...]] = ()

    def __post_init__(self) -> None:
        responses = self.responses = dict(self.responses or {})
        problem = responses.pop(str(UNEXPECTED.status))
        assert isinstance(problem, OpenAPIResponse)
        for response in responses.values():
            assert isinstance(response, OpenAPIResponse)
            response.content = _without_nothing(response.content)
            response.headers = dict(_REPLAYED) if self.keyed else dict(_NEXT) if self.paged else None
            response.links = dict(self.links) or None
        for status in self.problems:
            responses[str(status)] = OpenAPIResponse(
                description=_DESCRIPTIONS[status],
                content=problem.content,
                headers=dict(_HEADERS.get(status, {})) or None,
            )
        if self.paged:
            self.parameters = [*(self.parameters or []), *_page(self.paged)]
        for name, description in self.headers.items():
            header = Parameter(
                name=name,
                param_in="header",
                required=True,
                description=description,
                schema=Schema(type=OpenAPIType.STRING),
            )
            self.parameters = [*(self.parameters or []), header]
        if self.keyed:
            self.parameters = [*(self.parameters or []), _KEY]
        for status, description in self.also.items():
            responses[str(status)] = OpenAPIResponse(
                description=description, headers=dict(_REPLAYED) if self.keyed else None
            )
        if self.raw:
            self.request_body = _RAW_BODY
        elif self.body is not None and msgspec.structs.fields(self.body):
            self.request_body = _request_body(self.body)
        if self.example is not None:
            for response in responses.values():
                content = response.content if isinstance(response, OpenAPIResponse) else None
                if content and JSON in content:
                    content[JSON].example = self.example


def documented(
    id: str,
    summary: str,
    *,
    body: type[msgspec.Struct] | None = None,
    example: Any = None,
    paged: int | None = None,
    raw: bool = False,
    headers: Mapping[str, str] | None = None,
    keyed: bool = False,
    also: Mapping[int, str] | None = None,
    links: Links | None = None,
    public: bool = False,
    problems: Iterable[int] = (),
    anyhow: Iterable[int] = _ANYHOW,
) -> dict[str, Any]:
    """Return what a handler's decorator has to be told: `@get("/user", **documented("getUser", ...))`.

    `problems` are the statuses beyond those that every call of its kind can have, and `anyhow` those that any call can;
    `also` are other good answers, without a body; `links` are where the values of a good one go next. `keyed` calls may
    be repeated under an idempotency key; `public` calls take no token, and `raw` ones their body as it comes. `headers`
    are needed, with what each is for. `paged` calls give so many entries of a list where nothing else is asked for.
    """
    statuses = {*problems, *anyhow}
    statuses |= set() if public else set(_UNDER_A_TOKEN)
    statuses |= set() if body is None else set(_WITH_A_BODY)
    statuses |= {422} if paged else set()
    statuses |= {400, 413} if raw else set()
    statuses |= {400, 409, 422, 429} if keyed else set()
    told = {
        "body": body,
        "example": example,
        "paged": paged,
        "raw": raw,
        "headers": headers or {},
        "keyed": keyed,
        "also": also or {},
        "links": links or {},
        "problems": tuple(sorted(statuses)),
    }
    return {
        "operation_id": id,
        "summary": summary,
        "operation_class": type(f"{id[0].upper()}{id[1:]}Operation", (Documented,), told),
        "security": None if public else [{SECURITY_SCHEME: []}],
        # one, so that the problem's schema is among the components; `Documented` gives it to every status
        "responses": {
            UNEXPECTED.status: ResponseSpec(Problem, generate_examples=False, description="", media_type=MEDIA_TYPE)
        },
    }


def _request_body(model: type[msgspec.Struct]) -> RequestBody:
    schema = msgspec.json.schema(model)["$defs"][model.__name__]
    # Litestar writes a mapping out as it is; its own Schema class would only be a detour to the same words
    content = OpenAPIMediaType(schema=cast("Schema", schema))
    return RequestBody(required=bool(schema.get("required")), content={JSON: content, FORM: content})


def _without_nothing(content: dict[str, OpenAPIMediaType] | None) -> dict[str, OpenAPIMediaType] | None:
    """Leave out what Litestar says of an answer without a body: that its body is a `null` in JSON."""
    for media_type in (content or {}).values():
        schema = media_type.schema
        if not isinstance(schema, Schema):
            continue
        if schema.type == OpenAPIType.NULL:
            return None
        if schema.one_of:
            schema.one_of = [each for each in schema.one_of if getattr(each, "type", None) != OpenAPIType.NULL]
    return content
