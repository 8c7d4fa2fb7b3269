"""The OpenAPI operation of each call, made from its route: the body in both media types, the page, the problems."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, cast

import msgspec
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import (
    Components,
    Encoding,
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
from accounts_http.bodies import PROFILE
from accounts_http.headers import FORM, JSON
from accounts_http.idempotency import MAX_KEY
from accounts_http.problems import MEDIA_TYPE, UNEXPECTED, Problem
from accounts_http.schemas.profile import NewProfileBody
from accounts_http.schemas.profile_data import HostProfile
from accounts_litestar.documentation.declarations import Route
from accounts_litestar.documentation.profile_schema import ProfileSchema, reference_to_profile

SECURITY_SCHEME: Final = "accountsBearer"
COMPONENTS: Final = Components(
    security_schemes={
        SECURITY_SCHEME: SecurityScheme(
            type="http", scheme="bearer", description="An access token, from `POST /api/auth/login`."
        )
    }
)

_DESCRIPTIONS: Final = {
    400: "The request is malformed.",
    401: "The access token or the credentials are missing or invalid.",
    402: "The card was declined; `declineCode` says why, as far as the bank discloses it.",
    403: "Not allowed, or a recent sign-in is required.",
    404: "Not found, or not visible to this user.",
    409: "The request conflicts with the current state or with another request.",
    413: "The request body is too large.",
    415: "The request body is neither JSON nor a form.",
    422: "Fields are missing, unknown, of the wrong type, or break a rule.",
    429: "Too many attempts; retry after `Retry-After` seconds.",
    500: "An internal error.",
    503: "A database or the payment provider is unavailable; retry after `Retry-After` seconds.",
}


def _header(kind: OpenAPIType, description: str, *, required: bool = True) -> OpenAPIHeader:
    return OpenAPIHeader(schema=Schema(type=kind), required=required, description=description)


_RETRY_AFTER: Final = {"Retry-After": _header(OpenAPIType.INTEGER, "Whole seconds to wait before the next attempt.")}
_HEADERS: Final[Mapping[int, dict[str, OpenAPIHeader]]] = {
    401: {"WWW-Authenticate": _header(OpenAPIType.STRING, "`Bearer`, and whether a token was sent (RFC 6750).")},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}
_REPLAYED: Final = {
    "Idempotent-Replayed": _header(
        OpenAPIType.STRING,
        "`true` if this is the stored response to an earlier request with the same key.",
        required=False,
    )
}

_PROFILE: Final = "599"
"""The status under which Litestar is given the profile data to document; no call has it."""

ANY_TYPE: Final = "*/*"
"""The media type of a body whose bytes matter, whatever type they are sent as."""
_RAW_BODY: Final = RequestBody(required=True, content={ANY_TYPE: OpenAPIMediaType(schema=Schema())})

_KEY: Final = Parameter(
    name="Idempotency-Key",
    param_in="header",
    required=False,
    description="Makes retries of this request safe: for 24 hours they get the first response again.",
    schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=MAX_KEY, pattern="^[ -~]+$"),
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
            description="The maximum number of entries.",
            schema=Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=MAX_PAGE, default=default),
        ),
        Parameter(
            name="before",
            param_in="query",
            required=False,
            description=(
                "Return the entries after this one; lists are newest first. The cursor from the `Link` header of the "
                "previous page, or the id of an entry in the list."
            ),
            schema=Schema(type=OpenAPIType.STRING),
        ),
    ]


def operation_of(route: Route, profile: ProfileSchema | None = None, **fields: Any) -> Operation:
    """Return the OpenAPI operation of a call: Litestar's own `fields`, completed from the route.

    `profile` is the schema of the host application's profile data, where a type is declared.
    """
    operation = Operation(**fields)
    docs = route.docs
    responses = operation.responses = dict(operation.responses or {})
    responses.pop(_PROFILE, None)
    problem = responses.pop(str(UNEXPECTED.status))
    assert isinstance(problem, OpenAPIResponse)
    for response in responses.values():
        assert isinstance(response, OpenAPIResponse)
        response.content = _without_null(response.content)
        response.headers = dict(_REPLAYED) if route.accepts_key else dict(_NEXT) if route.page_size else None
        response.links = dict(docs.links) or None
        if docs.example is not None and response.content and JSON in response.content:
            response.content[JSON].example = docs.example
    for status in _problems(route):
        responses[str(status)] = OpenAPIResponse(
            description=_DESCRIPTIONS[status],
            content=problem.content,
            headers=dict(_HEADERS.get(status, {})) or None,
        )
    for status, description in docs.also.items():
        responses[str(status)] = OpenAPIResponse(
            description=description, headers=dict(_REPLAYED) if route.accepts_key else None
        )
    operation.parameters = [*(operation.parameters or []), *_parameters(route)] or None
    if route.raw_body:
        operation.request_body = _RAW_BODY
    elif route.body is not None and msgspec.structs.fields(route.body):
        operation.request_body = _request_body(route.body, profile)
    return operation


def handler_options(route: Route, profile: ProfileSchema | None = None) -> dict[str, Any]:
    """Return the options of a Litestar handler that document its call; `profile` as for `operation_of`."""
    # so that its components are there, also if no answer has profile data; `operation_of` takes it away again
    components = {} if profile is None else {int(_PROFILE): ResponseSpec(HostProfile, generate_examples=False)}
    return {
        "operation_id": route.docs.id,
        "summary": route.docs.summary,
        # Litestar only calls it; it need not be a class
        "operation_class": partial(operation_of, route, profile),
        "security": [{SECURITY_SCHEME: []}] if route.needs_token else None,
        # one, so that the problem's schema is among the components; `operation_of` gives it to every status
        "responses": {
            UNEXPECTED.status: ResponseSpec(Problem, generate_examples=False, description="", media_type=MEDIA_TYPE),
            **components,
        },
    }


def _problems(route: Route) -> list[int]:
    """Return the statuses of the refusals and failures of a call."""
    statuses = {*route.docs.problems, *route.docs.always}
    statuses |= {400, 401} if route.needs_token else set()
    statuses |= {400, 413, 415, 422} if route.body is not None else set()
    statuses |= {422} if route.page_size else set()
    statuses |= {400, 413} if route.raw_body else set()
    statuses |= {400, 409, 422, 429} if route.accepts_key else set()
    return sorted(statuses)


def _parameters(route: Route) -> list[Parameter]:
    parameters = _page(route.page_size) if route.page_size else []
    parameters += [
        Parameter(
            name=name,
            param_in="header",
            required=True,
            description=description,
            schema=Schema(type=OpenAPIType.STRING),
        )
        for name, description in route.docs.headers.items()
    ]
    return [*parameters, _KEY] if route.accepts_key else parameters


def _request_body(model: type[msgspec.Struct], profile: ProfileSchema | None) -> RequestBody:
    schema = msgspec.json.schema(model)["$defs"][model.__name__]
    encoding = None
    if profile is not None and PROFILE in schema["properties"]:
        is_new = issubclass(model, NewProfileBody)
        schema["properties"][PROFILE] = reference_to_profile() if is_new else profile.changes
        schema["required"] += [PROFILE] if is_new and profile.is_required else []
        # not Litestar's class: it writes `explode` as well, and then `contentType` counts for nothing
        encoding = {PROFILE: cast("Encoding", {"contentType": JSON})}
    # Litestar writes a mapping as it is; its own Schema class would lead to the same document
    content = OpenAPIMediaType(schema=cast("Schema", schema))
    form = OpenAPIMediaType(schema=cast("Schema", schema), encoding=encoding)
    return RequestBody(required=bool(schema.get("required")), content={JSON: content, FORM: form})


def _without_null(content: dict[str, OpenAPIMediaType] | None) -> dict[str, OpenAPIMediaType] | None:
    """Remove the `null` that Litestar documents as the body of an answer without one."""
    for media_type in (content or {}).values():
        schema = media_type.schema
        if not isinstance(schema, Schema):
            continue
        if schema.type == OpenAPIType.NULL:
            return None
        if schema.one_of:
            schema.one_of = [each for each in schema.one_of if getattr(each, "type", None) != OpenAPIType.NULL]
    return content
