"""What comes in the address: ids in the path, a page of a list in the query."""

import re
from typing import Any, Final, Generic, TypeVar
from urllib.parse import parse_qsl

import attrs
from litestar import Request

from accounts_core.errors import NotFound
from accounts_core.model.ids import TeamId, UserId
from accounts_litestar.edge import Malformed, WrongFields

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
MAX_QUERY_FIELDS: Final = 64

# No store numbers beyond 64 bits, signed; written without sign, zeros in front, or other scripts' digits.
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_MAX_NUMBER: Final = 2**63 - 1
_TEXT_ID: Final = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)

Id = TypeVar("Id", int, str)


def number(text: str) -> int | None:
    """Return the number that a store might have given out as an id, or None."""
    if _NUMBER.fullmatch(text) is None or int(text) > _MAX_NUMBER:
        return None
    return int(text)


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
    found = number(given)
    if found is None:
        raise NotFound(what, given)
    return found


@attrs.frozen
class Page(Generic[Id]):
    """At most `limit` entries, from the one after `before` on."""

    limit: int
    before: Id | None


def page_by_number(request: Request[Any, Any, Any]) -> Page[int]:
    """Read `limit` and `before` of a list whose ids are numbers. Raises `WrongFields`."""
    limit, before, errors = _page(request)
    found = None if before is None else number(before)
    if before is not None and found is None:
        errors["before"] = ["This is not the id of an entry."]
    if errors:
        raise WrongFields(errors)
    return Page(limit or DEFAULT_LIMIT, found)


def page_by_text(request: Request[Any, Any, Any]) -> Page[str]:
    """Read `limit` and `before` of a list whose ids are text. Raises `WrongFields`."""
    limit, before, errors = _page(request)
    if before is not None and _TEXT_ID.fullmatch(before) is None:
        errors["before"] = ["This is not the id of an entry."]
    if errors:
        raise WrongFields(errors)
    return Page(limit or DEFAULT_LIMIT, before)


def _page(request: Request[Any, Any, Any]) -> tuple[int | None, str | None, dict[str, list[str]]]:
    given = _query(request)
    errors = {name: ["Give this once."] for name in ("limit", "before") if len(given.get(name, ())) > 1}
    (limit_text,) = given.get("limit", [None])[:1]
    (before,) = given.get("before", [None])[:1]
    limit = None if limit_text is None else number(limit_text)
    if limit_text is not None and (limit is None or limit > MAX_LIMIT):
        errors["limit"] = [f"A whole number from 1 to {MAX_LIMIT} belongs here."]
    return limit, before, errors


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
