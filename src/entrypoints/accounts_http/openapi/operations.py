"""The OpenAPI operation of each call, made from its route: the body in both media types, the page, the problems."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from accounts_core.model.paging import MAX_PAGE
from accounts_http.bodies import PROFILE
from accounts_http.headers import FORM, JSON
from accounts_http.idempotency import MAX_KEY
from accounts_http.openapi.declarations import Documented, Route
from accounts_http.openapi.profile_schema import ProfileSchema
from accounts_http.openapi.schemas import body_schema
from accounts_http.problems import MEDIA_TYPE

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


def _header(kind: str, description: str, *, required: bool = True) -> dict[str, Any]:
    return {"schema": {"type": kind}, "description": description, "required": required}


_RETRY_AFTER: Final = {"Retry-After": _header("integer", "Whole seconds to wait before the next attempt.")}
_HEADERS: Final[Mapping[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": _header("string", "`Bearer`, and whether a token was sent (RFC 6750).")},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}
_REPLAYED: Final = {
    "Idempotent-Replayed": _header(
        "string", "`true` if this is the stored response to an earlier request with the same key.", required=False
    )
}
_NEXT: Final = {
    "Link": _header(
        "string",
        'The next page, as `<path>; rel="next"` (RFC 8288); only where there are more entries.',
        required=False,
    )
}
_PROBLEM: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}

ANY_TYPE: Final = "*/*"
"""The media type of a body whose bytes matter, whatever type they are sent as."""

_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes retries of this request safe: for 24 hours they get the first response again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[ -~]+$"},
}
_IN_PATH: Final = re.compile(r"{([a-z_]+)}")


def operation_of(call: Documented, content: Mapping[str, Any] | None, profile: ProfileSchema | None) -> dict[str, Any]:
    """Return the OpenAPI operation of a call, without its security.

    Args:
        call: The call.
        content: The schema of its successful answer; None for one without a body.
        profile: The schema of the host application's profile data, where a type is declared.

    """
    route, docs = call.route, call.route.docs
    operation: dict[str, Any] = {"operationId": docs.id, "summary": docs.summary, "tags": list(call.tags)}
    if call.description:
        operation["description"] = call.description
    if parameters := _parameters(call):
        operation["parameters"] = parameters
    if route.raw_body:
        operation["requestBody"] = {"required": True, "content": {ANY_TYPE: {"schema": {}}}}
    elif route.body is not None and msgspec.structs.fields(route.body):
        operation["requestBody"] = _request_body(route.body, profile)
    operation["responses"] = _responses(route, content)
    return operation


def _responses(route: Route, content: Mapping[str, Any] | None) -> dict[str, Any]:
    docs = route.docs
    success: dict[str, Any] = {"description": HTTPStatus(route.status).description}
    if headers := _REPLAYED if route.accepts_key else _NEXT if route.page_size else {}:
        success["headers"] = headers
    if content is not None:
        example = {} if docs.example is None else {"example": msgspec.to_builtins(docs.example)}
        success["content"] = {JSON: {"schema": content, **example}}
    if docs.links:
        success["links"] = dict(docs.links)
    responses = {str(route.status): success}
    for status in _problems(route):
        responses[str(status)] = {
            "description": _DESCRIPTIONS[status],
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
            "content": _PROBLEM,
        }
    for status, description in docs.also.items():
        responses[str(status)] = {
            "description": description,
            **({"headers": _REPLAYED} if route.accepts_key else {}),
        }
    return responses


def _problems(route: Route) -> list[int]:
    """Return the statuses of the refusals and failures of a call."""
    statuses = {*route.docs.problems, *route.docs.always}
    statuses |= {400, 401} if route.needs_token else set()
    statuses |= {400, 413, 415, 422} if route.body is not None else set()
    statuses |= {422} if route.page_size else set()
    statuses |= {400, 413} if route.raw_body else set()
    statuses |= {400, 409, 422, 429} if route.accepts_key else set()
    return sorted(statuses)


def _parameters(call: Documented) -> list[dict[str, Any]]:
    route = call.route
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _IN_PATH.findall(call.path)
    ]
    parameters += _page(route.page_size) if route.page_size else []
    parameters += [
        {"name": name, "in": "header", "required": True, "description": description, "schema": {"type": "string"}}
        for name, description in route.docs.headers.items()
    ]
    return [*parameters, _KEY] if route.accepts_key else parameters


def _page(default: int) -> list[dict[str, Any]]:
    return [
        {
            "name": "limit",
            "in": "query",
            "required": False,
            "description": "The maximum number of entries.",
            "schema": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": default},
        },
        {
            "name": "before",
            "in": "query",
            "required": False,
            "description": (
                "Return the entries after this one; lists are newest first. The cursor from the `Link` header of the "
                "previous page, or the id of an entry in the list."
            ),
            "schema": {"type": "string"},
        },
    ]


def _request_body(model: type[msgspec.Struct], profile: ProfileSchema | None) -> dict[str, Any]:
    schema = body_schema(model, profile)
    form: dict[str, Any] = {"schema": schema}
    if profile is not None and PROFILE in schema["properties"]:
        form["encoding"] = {PROFILE: {"contentType": JSON}}
    return {"required": bool(schema.get("required")), "content": {JSON: {"schema": schema}, FORM: form}}
