"""Lists as Stripe pages them: newest first, `limit`, `starting_after`, `ending_before`, `has_more`."""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

from accounts_stripe_simulator.answers import invalid
from accounts_stripe_simulator.parameters import DEFAULT_LIMIT, MAX_LIMIT, Parameters
from accounts_stripe_simulator.state import Json, Record
from accounts_stripe_simulator.world import World

SEARCH_LAG: Final = timedelta(minutes=1)
"""How far search is behind the objects themselves. Stripe: up to a minute, and more in an outage."""

_CLAUSE: Final = re.compile(r"""^(?:metadata\[["'](?P<key>[^"']+)["']\]|(?P<field>\w+)):["'](?P<value>[^"']*)["']$""")


def page(records: Iterable[Record], params: Parameters, *, url: str) -> Json:
    """Return one page of `records`, which come newest first. Takes every paging parameter."""
    limit = _limit(params)
    after, before = params.text("starting_after"), params.text("ending_before")
    if after and before:
        raise invalid("You can only pass one of starting_after and ending_before.", "ending_before")
    found = list(records)
    names = [record.id for record in found]
    for name, param in ((after, "starting_after"), (before, "ending_before")):
        if name is not None and name not in names:
            raise invalid(f"No such object: '{name}'", param, "resource_missing")
    if before is not None:
        found = found[: names.index(before)]
        return _list(found[-limit:], url, has_more=len(found) > limit)
    if after is not None:
        found = found[names.index(after) + 1 :]
    return _list(found[:limit], url, has_more=len(found) > limit)


def created_filter(params: Parameters) -> Callable[[Record], bool]:
    """Take `created`, a time or `created[gte]` and its like, and return the test of it."""
    if not params.is_nested("created"):
        exact = params.integer("created")
        return lambda record: exact is None or record.body["created"] == exact
    bounds = params.nested("created")
    least, most = bounds.integer("gte"), bounds.integer("lte")
    above, below = bounds.integer("gt"), bounds.integer("lt")

    def holds(record: Record) -> bool:
        created: int = record.body["created"]
        return (
            (least is None or created >= least)
            and (most is None or created <= most)
            and (above is None or created > above)
            and (below is None or created < below)
        )

    return holds


def search(world: World, records: Iterable[Record], params: Parameters, *, url: str) -> Json:
    """Return what matches `query`, clauses such as `metadata['user_id']:'5'` joined by AND, as it was a minute ago."""
    limit, query = _limit(params), params.required("query")
    clauses = [_CLAUSE.match(clause) for clause in query.split(" AND ")]
    latest = world.seconds - int(SEARCH_LAG.total_seconds())
    found = [
        record
        for record in records
        if record.body.get("created", latest + 1) <= latest and all(_matches(record, clause) for clause in clauses)
    ]
    return {"object": "search_result", "url": url, "has_more": len(found) > limit, "data": _bodies(found[:limit])}


def _matches(record: Record, clause: "re.Match[str] | None") -> bool:
    if clause is None:
        raise invalid("We were unable to parse your search query.", "query")
    if clause["key"]:
        return bool(record.body.get("metadata", {}).get(clause["key"]) == clause["value"])
    return bool(record.body.get(clause["field"]) == clause["value"])


def _limit(params: Parameters) -> int:
    limit = params.integer("limit")
    if limit is None:
        return DEFAULT_LIMIT
    if not 1 <= limit <= MAX_LIMIT:
        raise invalid(f"Invalid limit: must be between 1 and {MAX_LIMIT}", "limit", "parameter_invalid_integer")
    return limit


def _list(records: Iterable[Record], url: str, *, has_more: bool) -> Json:
    return {"object": "list", "url": url, "has_more": has_more, "data": _bodies(records)}


def _bodies(records: Iterable[Record]) -> list[Json]:
    return [record.body for record in records]
