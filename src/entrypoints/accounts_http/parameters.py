"""Parameters in the address: ids in the path, `limit` and `before` of a list in the query."""

import re
from typing import Any, Final
from urllib.parse import parse_qsl, quote

import attrs

from accounts_core.errors import NotFound
from accounts_core.model.ids import TeamId, UserId, number_of
from accounts_core.model.paging import DEFAULT_PAGE, MAX_PAGE, Page
from accounts_http.errors import Malformed, WrongFields
from accounts_http.headers import QueryString

MAX_QUERY_FIELDS: Final = 64

_TEXT_ID: Final = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)


def team_id(text: str) -> TeamId:
    """Parse the id of a team. Raises `NotFound` for what cannot be one."""
    return TeamId(_number(text, "account"))


def member_id(text: str) -> UserId:
    """Parse the id of a team's member. Raises `NotFound` for what cannot be one."""
    return UserId(_number(text, "member"))


def text_id(text: str, what: str) -> str:
    """Return an id that is text. Raises `NotFound`, of `what`, for what cannot be one."""
    if _TEXT_ID.fullmatch(text) is None:
        raise NotFound(what, text)
    return text


def _number(text: str, what: str) -> int:
    number = number_of(text)
    if number is None:
        raise NotFound(what, text)
    return number


@attrs.frozen
class PageQuery:
    """The page of a list that a client asks for: at most `limit` entries, after the cursor or id `before`."""

    limit: int
    before: str | None


def page_query(query_string: QueryString, *, default: int = DEFAULT_PAGE) -> PageQuery:
    """Parse `limit` and `before`.

    Args:
        query_string: The raw query. Parameters with other names are ignored.
        default: The limit where none was sent.

    Raises:
        Malformed: The query cannot be read.
        WrongFields: A parameter is repeated, or `limit` is not from 1 to `MAX_PAGE`. Whether `before` is in the list
            is checked by the use case.

    """
    sent = _parse_query(query_string)
    errors = {name: ["Send this parameter once."] for name in ("limit", "before") if len(sent.get(name, ())) > 1}
    (limit_text,) = sent.get("limit", [None])[:1]
    (before,) = sent.get("before", [None])[:1]
    limit = default if limit_text is None else number_of(limit_text)
    if limit is None or limit > MAX_PAGE:
        errors["limit"] = [f"The limit is a whole number from 1 to {MAX_PAGE}."]
    if errors or limit is None:
        raise WrongFields(errors)
    return PageQuery(limit, before)


def next_link(path: str, query: PageQuery, page: Page[Any]) -> dict[str, str]:
    """Return the `Link` header to the next page, as a path of this service; empty on the last page.

    It repeats this page's `limit`, so that a client which follows it keeps its page size.
    """
    if page.next is None:
        return {}
    return {"link": f'<{quote(path, safe="/")}?limit={query.limit}&before={page.next}>; rel="next"'}


def _parse_query(query_string: QueryString) -> dict[str, list[Any]]:
    """Return the query's values by name. Raises `Malformed`."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS
        )
    except ValueError:
        raise Malformed("The query is not UTF-8, or has too many parameters.") from None
    values: dict[str, list[Any]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values
