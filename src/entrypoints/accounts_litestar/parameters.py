"""What comes in the address: ids in the path, a page of a list in the query."""

import re
from typing import Any, Final
from urllib.parse import parse_qsl, quote

import attrs
from litestar import Request

from accounts_core.errors import NotFound
from accounts_core.model.ids import TeamId, UserId, number_of
from accounts_core.model.paging import DEFAULT_PAGE, MAX_PAGE, Page
from accounts_litestar.edge import Malformed, WrongFields

MAX_QUERY_FIELDS: Final = 64

_TEXT_ID: Final = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)


def team_id(request: Request[Any, Any, Any]) -> TeamId:
    """Return the path's `id`. Raises `NotFound` for what cannot be one."""
    return TeamId(_path_number(request, "id", "account"))


def member_id(request: Request[Any, Any, Any]) -> UserId:
    """Return the path's `user_id`. Raises `NotFound` for what cannot be one."""
    return UserId(_path_number(request, "user_id", "member"))


def text_id(request: Request[Any, Any, Any], what: str, name: str = "id") -> str:
    """Return the path's `id`, or another parameter. Raises `NotFound`, of `what`, for what cannot be one."""
    given: str = request.path_params[name]
    if _TEXT_ID.fullmatch(given) is None:
        raise NotFound(what, given)
    return given


def _path_number(request: Request[Any, Any, Any], name: str, what: str) -> int:
    given: str = request.path_params[name]
    found = number_of(given)
    if found is None:
        raise NotFound(what, given)
    return found


@attrs.frozen
class PageQuery:
    """What a client asks of a list: at most `limit` entries, from the position or the id `before` on."""

    limit: int
    before: str | None


def page_query(request: Request[Any, Any, Any], *, default: int = DEFAULT_PAGE) -> PageQuery:
    """Read `limit` and `before`. Raises `WrongFields`; whether `before` is in the list, the list has to say."""
    given = _query(request)
    errors = {name: ["Give this once."] for name in ("limit", "before") if len(given.get(name, ())) > 1}
    (limit_text,) = given.get("limit", [None])[:1]
    (before,) = given.get("before", [None])[:1]
    limit = default if limit_text is None else number_of(limit_text)
    if limit is None or limit > MAX_PAGE:
        errors["limit"] = [f"A whole number from 1 to {MAX_PAGE} belongs here."]
    if errors or limit is None:
        raise WrongFields(errors)
    return PageQuery(limit, before)


def next_link(request: Request[Any, Any, Any], query: PageQuery, page: Page[Any]) -> dict[str, str]:
    """Return the header that leads to the next page, as a path of this service; none where there are no more entries.

    Its `limit` is this page's, so that a client which follows it reads on as it began.
    """
    if page.next is None:
        return {}
    path = quote(request.url.path, safe="/")
    return {"link": f'<{path}?limit={query.limit}&before={page.next}>; rel="next"'}


def _query(request: Request[Any, Any, Any]) -> dict[str, list[Any]]:
    """Return the query's values by name; names that a call does not know are nobody's business."""
    try:
        text = request.scope["query_string"].decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        raise Malformed("The query is not in UTF-8, or too long.") from None
    given: dict[str, list[Any]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return given
