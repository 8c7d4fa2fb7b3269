"""What has to hold whatever the stores say: three that are wrong in the same way would still be found out.

Each rule is a sentence and a function over the rows, written without the core's help.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.simulation.lockstep.dumps import TABLES, Dump

from accounts_core.model.profile_data import MAX_BYTES

PLACES: Final = {
    (name, column.name): place for name, table in TABLES.items() for place, column in enumerate(table.columns)
}
"""Where a column stands in the rows of its table."""

_OWNED: Final = {
    "sessions": "user_id",
    "mail_tokens": "user_id",
    "devices": "user_id",
    "idempotency_records": "user_id",
    "payment_methods": "user_id",
    "verifications": "user_id",
    "notifications": "user_id",
    "teams": "owner_id",
    "memberships": "user_id",
    "invitations": "invited_by",
    "interactions": "author_id",
}


def column(state: Dump, table: str, name: str) -> Iterator[Any]:
    place = PLACES[table, name]
    return (row[place] for row in state[table].values())


def columns(state: Dump, table: str, *names: str) -> Iterator[tuple[Any, ...]]:
    places = [PLACES[table, name] for name in names]
    return (tuple(row[place] for place in places) for row in state[table].values())


def no_two_users_have_one_address(state: Dump) -> bool:
    """As a person would compare them: the look-alikes of compatibility and the case are the same."""
    folded = Counter(unicodedata.normalize("NFKC", email).lower() for email in column(state, "users", "email"))
    return max(folded.values(), default=1) == 1


def whoever_has_cards_has_one_default(state: Dump) -> bool:
    cards = list(columns(state, "payment_methods", "user_id", "is_default"))
    defaults = Counter(user for user, is_default in cards if is_default)
    return defaults == dict.fromkeys({user for user, _ in cards}, 1)


def every_card_was_verified(state: Dump) -> bool:
    """By the verification that is kept as long as its user is."""
    ended_well = {
        (user, card)
        for user, card, outcome in columns(state, "verifications", "user_id", "payment_method", "state")
        if outcome == "verified"
    }
    return ended_well.issuperset(columns(state, "payment_methods", "user_id", "id"))


def whatever_is_owned_has_an_owner(state: Dump) -> bool:
    users = set(column(state, "users", "id"))
    return all(
        owner is None or owner in users for table, name in _OWNED.items() for owner in column(state, table, name)
    )


def whatever_is_in_a_team_has_a_team(state: Dump) -> bool:
    teams = set(column(state, "teams", "id"))
    return all(
        team in teams
        for table in ("memberships", "invitations", "interactions")
        for team in column(state, table, "team_id")
    )


def no_owner_is_a_member(state: Dump) -> bool:
    return not set(columns(state, "memberships", "team_id", "user_id")) & set(columns(state, "teams", "id", "owner_id"))


def the_deactivated_are_signed_out(state: Dump) -> bool:
    asleep = {user for user, status in columns(state, "users", "id", "status") if status == 1}
    return asleep.isdisjoint(column(state, "sessions", "user_id"))


def every_open_verification_has_its_job(state: Dump) -> bool:
    ended = {"verified", "declined", "failed", "lapsed", "abandoned"}
    jobs = set(column(state, "jobs", "id"))
    return all(
        (f"job_{name}" in jobs) == (outcome not in ended)
        for name, outcome in columns(state, "verifications", "id", "state")
    )


def footprint(state: Dump, user: int) -> tuple[dict[str, int], dict[str, int]]:
    """Count what deleting a user would destroy, and what it would leave without an author."""
    owned = {team for team, owner in columns(state, "teams", "id", "owner_id") if owner == user}
    written = list(columns(state, "interactions", "team_id", "author_id"))
    members = list(columns(state, "memberships", "team_id", "user_id"))
    destroyed = {
        "accounts": len(owned),
        "interactions": sum(team in owned for team, _ in written),
        "memberships": sum(team in owned or member == user for team, member in members),
        **{
            table: sum(owner == user for owner in column(state, table, "user_id"))
            for table in ("notifications", "payment_methods", "sessions")
        },
    }
    return destroyed, {"interactions": sum(author == user and team not in owned for team, author in written)}


def profile_data_is_an_object_with_a_version(state: Dump) -> bool:
    return all(
        (text is None and version is None)
        or (isinstance(json.loads(text), dict) and version == 1 and len(text.encode()) <= MAX_BYTES)
        for table in ("users", "sign_ups")
        for text, version in columns(state, table, "profile", "profile_version")
    )


ALWAYS: Final[tuple[Callable[[Dump], bool], ...]] = (
    no_two_users_have_one_address,
    whoever_has_cards_has_one_default,
    every_card_was_verified,
    whatever_is_owned_has_an_owner,
    whatever_is_in_a_team_has_a_team,
    no_owner_is_a_member,
    the_deactivated_are_signed_out,
    every_open_verification_has_its_job,
    profile_data_is_an_object_with_a_version,
)


class Broken(AssertionError):
    """A rule does not hold, in every store alike."""


class Reference:
    """Checks each step, and remembers what was there once."""

    def __init__(self) -> None:
        self._gone: set[int] = set()

    def check(self, before: Dump, after: Dump) -> None:
        """Raises `Broken`."""
        if before == after:
            return
        for rule in ALWAYS:
            if not rule(after):
                raise Broken(f"not so: {rule.__name__.replace('_', ' ')}")
        self._check_numbers(before, after)
        self._check_audit(before, after)

    def _check_numbers(self, before: Dump, after: Dump) -> None:
        """The number of a user who is gone is nobody else's, ever."""
        then, now = ({key[0] for key in state["users"]} for state in (before, after))
        self._gone |= then - now
        if self._gone & now:
            raise Broken(f"not so: a deleted user's number is never given out again. {self._gone & now}")

    def _check_audit(self, before: Dump, after: Dump) -> None:
        """What was done stays done: of an entry nothing but the details, and what they name, ever changes."""
        for key, row in before["audit"].items():
            now = after["audit"].get(key)
            if now is not row and (now is None or _lasting(now) != _lasting(row)):
                raise Broken(f"not so: the audit trail is only added to. {row} became {now}")


def _lasting(entry: tuple[Any, ...]) -> list[Any]:
    """Return what of an entry of the audit trail never changes."""
    changing = {PLACES["audit", name] for name in ("details", "invited_key")}
    return [value for place, value in enumerate(entry) if place not in changing]
