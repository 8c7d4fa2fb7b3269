"""What has to hold in a history: whenever it comes to rest, and once everything has been recovered from."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from tests.simulation import invariants
from tests.simulation.contents import Contents, contents
from tests.simulation.environment import Core
from tests.simulation.invariants import INVARIANTS, Outcome

from accounts_core import run_sync
from accounts_core.model import EmailAddress, Password, User
from accounts_core.model.jobs import SyncCustomerJob, VerifyCardJob
from accounts_core.model.rate_limits import DEFAULT_RATE_LIMITS
from accounts_core.model.times import CLOCK_SKEW, is_ahead
from accounts_core.outbox.delays import LONGEST_DELAY
from accounts_core.testing.simulation import Violated

from .facts import Group, Person
from .teams import TeamHistory

ALWAYS = (
    invariants.an_attempt_makes_one_hold_at_most,
    invariants.where_there_are_cards_exactly_one_is_the_default,
    invariants.no_physical_card_is_there_twice,
    invariants.an_address_belongs_to_one_user,
    invariants.who_is_deactivated_has_no_session,
    invariants.nobody_has_more_sessions_than_allowed_and_none_lives_longer,
    invariants.nothing_is_left_of_a_deleted_user,
    invariants.every_card_comes_from_a_verification_that_ended_well,
    invariants.what_happened_is_told_in_the_same_words_however_often,
)
BY_CLOCK = (
    invariants.no_session_is_older_than_the_last_reset,
    invariants.one_session_at_most_is_older_than_the_password,
)
"""They compare times that several machines wrote down, which says nothing where a clock is off."""

LOOKED_AT_HERE = (invariants.the_old_password_works_until_it_is_written_down_that_there_is_another,)
"""It knows the one password of the scenarios; what each person here has chosen is looked at person by person."""

UNDER_WAY = {VerifyCardJob.topic, SyncCustomerJob.topic}
LONG_IDLE = timedelta(days=10)


async def _hear(event: str, customer: str, accounts: Core) -> None:
    await accounts.receive_provider_event(id=event, customer_id=customer)


async def _retry(job: str, accounts: Core) -> None:
    await accounts.retry_job(job)


class Ledger(TeamHistory):
    """Compares what is stored with what people know."""

    def check(self) -> None:
        stored = contents(self.env)
        self._check_invariants(stored, ALWAYS)
        for person in self.people:
            self._check_person(person, stored)
        for group in self.groups:
            self._check_group(group, stored)
        if not self.is_clock_off:
            self._check_guesses()

    def recover(self) -> None:
        """Set the clocks right, start again, let every event come, and let a worker do what is left."""
        self.env.notes["began"] = self.scheduler.clock.now()
        self.env.do(lambda accounts: accounts.repair_times())
        self._check_nothing_lies_ahead()
        self.env.gateway._calls._faults.clear()
        self.scheduler.kept_failures.clear()
        self.customers |= set(self.env.gateway._provider._customers)
        for number, customer in enumerate(sorted(self.customers)):
            self.env.do(partial(_hear, f"evt_last_{number}", customer))
        for _ in range(2):  # what was put off for another day may be given up on by then
            self._retry_parked()
            self.env.recover()
        self.env.do(lambda accounts: accounts.reconcile_cards())
        self.env.recover()
        for person in self.people:
            person.is_adrift = False
        self._check_invariants(
            contents(self.env), tuple(each for each in INVARIANTS if each not in (*BY_CLOCK, *LOOKED_AT_HERE))
        )

    def _check_nothing_lies_ahead(self) -> None:
        """Once that is repaired, nothing waits longer than any delay, and nobody signed in in the future."""
        stored, now = contents(self.env), self.scheduler.clock.now()
        for job in stored.jobs:
            if job.dead_lettered_at is None and job.due > now + LONGEST_DELAY * 1.5 + CLOCK_SKEW:
                raise Violated(f"No job waits longer than any delay: {job.topic} is due {job.due}")
        for session in (each for of in stored.sessions.values() for each in of):
            if is_ahead(session.created_at, now=now):
                raise Violated("No session is from the future")

    def tally(self) -> Mapping[str, int]:
        return self.counts

    def _retry_parked(self) -> None:
        """An operator has everything tried again that was given up on."""
        for job in self.env.outbox():
            if job.dead_lettered_at is not None:
                self.env.do(partial(_retry, job.id))

    def _check_invariants(self, stored: Contents, chosen: tuple[Any, ...]) -> None:
        at = Outcome(self.env, stored)
        for invariant in chosen if self.is_clock_off else (*chosen, *BY_CLOCK):
            try:
                invariant(at)
            except AssertionError as error:
                raise Violated(f"{invariant.__name__.replace('_', ' ')}: {error}") from None

    # ---- people

    def _check_person(self, person: Person, stored: Contents) -> None:
        person.registering = 0
        user = self._user_of(person, stored)
        self._see(person.account, "none" if user is None else "active" if user.is_active else "deactivated", "account")
        if user is None:
            person.known_id = None
            person.sessions.clear()
            person.cards.clear()
            person.is_adrift = False
            return
        if person.known_id != user.id:
            person.known_id = user.id
            self.env.notes["known"] = (*self.env.notes.get("known", ()), user.id)
        self._see(person.password, self._password_of(person, user), "password")
        self._see(person.name, user.name, "name")
        self._see(person.email, person.emails.index(user.email.address), "address")
        self._check_sessions(person, user, stored)
        self._check_cards(person, user, stored)

    def _user_of(self, person: Person, stored: Contents) -> User | None:
        keys = {EmailAddress(address).key for address in person.emails}
        found = [user for user in stored.users.values() if user.email.key in keys]
        if len(found) > 1:
            raise Violated("Nobody has two accounts")
        return found[0] if found else None

    def _password_of(self, person: Person, user: User) -> int | None:
        fits = [
            number
            for number in range(person.passwords + 1)
            if run_sync(self.env.hasher.verify(user.password_hash, Password(person.word(number))))
        ]
        return fits[0] if fits else None

    def _check_sessions(self, person: Person, user: User, stored: Contents) -> None:
        there = {session.id: session for session in stored.sessions[user.id]}
        now = self.scheduler.clock.now()
        for opened in list(person.sessions):
            session = there.get(opened.session.id)
            if session is None and now - opened.session.created_at > LONG_IDLE:
                opened.is_there.may_be(False)  # it may have been tidied away
            self._see(opened.is_there, session is not None, "session")
            if session is None and len(person.sessions) > 8:
                person.sessions.remove(opened)

    def _check_cards(self, person: Person, user: User, stored: Contents) -> None:
        there = {card.card.last4 for card in stored.cards[user.id]}
        is_under_way = person.is_adrift or any(each.is_open for each in stored.verifications[user.id])
        is_under_way = is_under_way or any(job.topic in UNDER_WAY for job in stored.jobs)
        if not is_under_way:
            person.pending.clear()
        for last4 in there - set(person.cards):
            raise Violated(f"A card is there that was asked for: {last4}")
        for last4, fact in person.cards.items():
            if is_under_way and person.is_adrift:
                fact.may_be(False, True)
            before = set(fact.possible)
            self._see(fact, last4 in there, "card")
            if is_under_way and len(before) > 1:
                fact.may_be(*before)

    # ---- teams

    def _check_group(self, group: Group, stored: Contents) -> None:
        self._see(group.is_there, group.id in stored.teams, "team")
        if group.id not in stored.teams:
            group.written.clear()
            return
        team, members, written = stored.teams[group.id]
        numbers = {person.id: person.number for person in self.people if person.known_id is not None}
        self._see(group.owner, numbers[team.owner_id], "owner")
        inside = {numbers[each.person.id] for each in members if each.person.id != team.owner_id}
        for person in self.people:
            self._see(group.member(person.number), person.number in inside, "membership")
        texts = {view.interaction.body for view in written}
        for text, fact in group.written.items():
            self._see(fact, text in texts, "what was written")
        for text in texts - set(group.written):
            raise Violated(f"What is written was asked for: {text}")

    # ---- limits

    def _check_guesses(self) -> None:
        limit = DEFAULT_RATE_LIMITS["sign-in"]["account"]
        for times in self.guesses.values():
            for first, last in zip(times, times[limit.count :], strict=False):
                if last - first < limit.period:
                    raise Violated("No more guesses are evaluated than the limit lets")

    def _see(self, fact: Any, value: Any, what: str) -> None:
        self.counts["settled"] += fact.see(value, what)
