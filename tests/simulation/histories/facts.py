"""A reference model, small enough to be seen through: what was acknowledged is so, what is in doubt may be either.

A fact has the values that are possible. Who is told that a change was made knows the value; who is told that it was
refused knows that nothing changed; who is told nothing knows that it may be either, until it is read.
"""

from collections.abc import Hashable
from enum import Enum
from typing import Any

import attrs

from accounts_core.model import Session, TeamId, UserId
from accounts_core.testing.simulation import Violated


class End(Enum):
    """How a change ended, as whoever asked for it sees it."""

    DONE = "acknowledged"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"


class Fact:
    """Something that has one of these values."""

    def __init__(self, *values: Hashable) -> None:
        self.possible = set(values)
        self._writers = 0
        self._is_contended = False

    @property
    def is_sure(self) -> bool:
        return len(self.possible) == 1 and not self._writers

    def surely(self, value: Hashable) -> bool:
        return self.is_sure and value in self.possible

    @property
    def value(self) -> Any:
        """The value, or one of the possible ones."""
        return min(self.possible, key=repr)

    def begin(self) -> None:
        """Somebody asks for a change. Of two at once nobody knows which is made last."""
        self._writers += 1
        self._is_contended |= self._writers > 1

    def end(self, value: Hashable, end: End) -> None:
        self._writers -= 1
        if end is End.DONE and not self._is_contended:
            self.possible = {value}
        elif end is not End.REFUSED:
            self.possible.add(value)
        self._is_contended &= self._writers > 0

    def may_be(self, *values: Hashable) -> None:
        """Something else may have changed it."""
        self.possible.update(values)

    def see(self, value: Hashable, what: str) -> bool:
        """Compare it with what is; say whether that settled a doubt. Raises `Violated`."""
        if value not in self.possible:
            raise Violated(f"{what}: it is {value!r}, and can only be one of {sorted(map(repr, self.possible))}")
        settled = len(self.possible) > 1
        self.possible = {value}
        return settled


@attrs.define(eq=False)
class Opened:
    """A session that somebody was given."""

    token: str
    session: Session
    is_there: Fact = attrs.field(factory=lambda: Fact(True))


@attrs.define(eq=False)
class Person:
    """Somebody, and what they know of their account."""

    number: int
    account: Fact = attrs.field(factory=lambda: Fact("none"))
    password: Fact = attrs.field(factory=lambda: Fact(0))
    name: Fact = attrs.field(factory=lambda: Fact(""))
    email: Fact = attrs.field(factory=lambda: Fact(0))
    known_id: UserId | None = None
    sessions: list[Opened] = attrs.field(factory=list)
    cards: dict[str, Fact] = attrs.field(factory=dict)
    """By the last digits of each."""
    pending: set[str] = attrs.field(factory=set)
    """Cards whose verification may still be going on."""
    passwords: int = 0
    """How many they have had, so that each is another one."""
    registering: int = 0
    closing: int = 0
    """How many changes are under way that end every session."""
    closed: int = 0
    """And how many there have been."""
    is_adrift: bool = False
    """Somebody has changed something in the provider's dashboard, and it may not have been heard of yet."""

    @property
    def id(self) -> UserId:
        assert self.known_id is not None
        return self.known_id

    @property
    def emails(self) -> tuple[str, str]:
        return f"p{self.number}@example.org", f"q{self.number}@example.org"

    @property
    def address(self) -> str:
        return self.emails[self.email.value]

    def word(self, number: int) -> str:
        return f"a long password of {self.number}, the {number}th"

    @property
    def next_password(self) -> int:
        self.passwords += 1
        return self.passwords

    def card(self, last4: str) -> Fact:
        return self.cards.setdefault(last4, Fact(False))

    @property
    def facts(self) -> list[Fact]:
        """Everything that goes with the account."""
        return [self.account, *(each.is_there for each in self.sessions), *self.cards.values()]


@attrs.define(eq=False)
class Group:
    """A team: whose it is, who is in it, and what was written there."""

    id: TeamId
    owner: Fact
    is_there: Fact = attrs.field(factory=lambda: Fact(True))
    members: dict[int, Fact] = attrs.field(factory=dict)
    written: dict[str, Fact] = attrs.field(factory=dict)

    def member(self, number: int) -> Fact:
        return self.members.setdefault(number, Fact(False))
