"""Pagination as in Stripe's API: newest first, `limit`, `starting_after`, `ending_before`, `has_more`."""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

from accounts_stripe_simulator.answers import invalid
from accounts_stripe_simulator.parameters import DEFAULT_LIMIT, MAX_LIMIT, Parameters
from accounts_stripe_simulator.state import Json, Record
from accounts_stripe_simulator.world import World

SEARCH_LAG: Final = timedelta(minutes=1)
"""The delay until search finds a new object. Stripe: up to a minute, and more in an outage."""

_CLAUSE: Final = re.compile(r"""^(?:metadata\[["'](?P<key>[^"']+)["']\]|(?P<field>\w+)):["'](?P<value>[^"']*)["']$""")


def paginate(records: Iterable[Record], params: Parameters, *, url: str) -> Json:
    """Return one page of a list. Takes the parameters `limit`, `starting_after` and `ending_before`.

    Args:
        records: The whole list, newest first.
        params: The parameters of the request.
        url: The `url` of the list.

    Raises:
        Refused: A parameter is invalid.

    """
    limit = _take_limit(params)
    after, before = params.take_text("starting_after"), params.take_text("ending_before")
    if after and before:
        raise invalid("You can only pass one of starting_after and ending_before.", "ending_before")
    listed = list(records)
    names = [record.id for record in listed]
    for name, param in ((after, "starting_after"), (before, "ending_before")):
        if name is not None and name not in names:
            raise invalid(f"No such object: '{name}'", param, "resource_missing")
    if before is not None:
        listed = listed[: names.index(before)]
        return _make_list(listed[-limit:], url, has_more=len(listed) > limit)
    if after is not None:
        listed = listed[names.index(after) + 1 :]
    return _make_list(listed[:limit], url, has_more=len(listed) > limit)


def take_created_filter(params: Parameters) -> Callable[[Record], bool]:
    """Take `created` (a time, or bounds such as `created[gte]`) and return the filter that it describes."""
    if not params.is_nested("created"):
        exact = params.take_integer("created")
        return lambda record: exact is None or record.body["created"] == exact
    bounds = params.take_nested("created")
    least, most = bounds.take_integer("gte"), bounds.take_integer("lte")
    above, below = bounds.take_integer("gt"), bounds.take_integer("lt")

    def is_within(record: Record) -> bool:
        created: int = record.body["created"]
        return (
            (least is None or created >= least)
            and (most is None or created <= most)
            and (above is None or created > above)
            and (below is None or created < below)
        )

    return is_within


def search(world: World, records: Iterable[Record], params: Parameters, *, url: str) -> Json:
    """Return the objects that match a search. Takes the parameters `query` and `limit`.

    `query` has clauses such as `metadata['user_id']:'5'`, joined by AND. Objects younger than
    `SEARCH_LAG` are left out.

    Raises:
        Refused: A parameter is invalid.

    """
    limit, query = _take_limit(params), params.take_required("query")
    clauses = [_CLAUSE.match(clause) for clause in query.split(" AND ")]
    latest = world.seconds - int(SEARCH_LAG.total_seconds())
    matching = [
        record
        for record in records
        if record.body.get("created", latest + 1) <= latest and all(_matches(record, clause) for clause in clauses)
    ]
    return {
        "object": "search_result",
        "url": url,
        "has_more": len(matching) > limit,
        "data": _list_bodies(matching[:limit]),
    }


def _matches(record: Record, clause: "re.Match[str] | None") -> bool:
    if clause is None:
        raise invalid("We were unable to parse your search query.", "query")
    if clause["key"]:
        return bool(record.body.get("metadata", {}).get(clause["key"]) == clause["value"])
    return bool(record.body.get(clause["field"]) == clause["value"])


def _take_limit(params: Parameters) -> int:
    limit = params.take_integer("limit")
    if limit is None:
        return DEFAULT_LIMIT
    if not 1 <= limit <= MAX_LIMIT:
        raise invalid(f"Invalid limit: must be between 1 and {MAX_LIMIT}", "limit", "parameter_invalid_integer")
    return limit


def _make_list(records: Iterable[Record], url: str, *, has_more: bool) -> Json:
    return {"object": "list", "url": url, "has_more": has_more, "data": _list_bodies(records)}


def _list_bodies(records: Iterable[Record]) -> list[Json]:
    return [record.body for record in records]
