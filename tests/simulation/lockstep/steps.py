"""One step in three environments, after which the answer, the rows, the mails and the provider's calls are compared."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import attrs
from tests.simulation.lockstep.dumps import ATTEMPTS, TABLES, Dump, Numbering
from tests.simulation.lockstep.environments import Environment
from tests.simulation.lockstep.outcomes import Outcome, canonical
from tests.simulation.lockstep.reference import Reference

from accounts_core.ports.mailer import MailMessage

SHOWN: Final = 2000
"""How many characters of a difference are shown."""


class Difference(AssertionError):
    """The environments do not say the same, or all three say what cannot be."""


@attrs.define
class Tally:
    """What was done so far, over any number of examples."""

    examples: int = 0
    steps: int = 0
    outcomes: dict[tuple[str, str], int] = attrs.field(factory=dict)
    """How often each step, by name, came to each kind of outcome."""

    def count(self, step: str, kind: str) -> None:
        self.steps += 1
        self.outcomes[step, kind] = self.outcomes.get((step, kind), 0) + 1

    def add(self, other: "Tally") -> None:
        self.examples += other.examples
        self.steps += other.steps
        for each, number in other.outcomes.items():
            self.outcomes[each] = self.outcomes.get(each, 0) + number

    @property
    def taken(self) -> set[str]:
        """The steps that were taken at all."""
        return {step for step, _ in self.outcomes}

    @property
    def answered(self) -> set[str]:
        """The steps that came to an answer at least once, and not to an error."""
        return {step for step, kind in self.outcomes if kind == "answered"}


@attrs.define
class _Heard:
    """How much of what an environment's provider and mail heard was compared already."""

    calls: int = 0
    notices: int = 0


class Lockstep:
    """Takes each step in every environment, and compares."""

    def __init__(self, envs: Sequence[Environment], tally: Tally) -> None:
        self.envs = envs
        self._tally = tally
        self._reference = Reference()
        self._heard = {env.name: _Heard() for env in envs}
        self.state: Dump = self.first.dumper.dump(now=self.first.clock.now())
        self.before = self.state
        self.agree = True
        """Whether the environments were the same after the last step."""
        self.news: Sequence[MailMessage] = ()
        """What was delivered in the last step."""

    @property
    def first(self) -> Environment:
        """The environment whose answers go on into the next steps: they are those of every environment."""
        return self.envs[0]

    def step(self, name: str, call: Callable[[Environment], Any]) -> Outcome:
        """Take a step. Raises `Difference`."""
        self.agree = False
        outcomes = [Outcome.of(lambda env=env: call(env)) for env in self.envs]  # type: ignore[misc]  # bound at once
        self._tally.count(name, outcomes[0].kind)
        self._compare(f"{name} came to", {w.name: o.canonical() for w, o in zip(self.envs, outcomes, strict=True)})
        for outcome in outcomes:
            if outcome.is_fault:
                raise Difference(f"{name} raised what no caller may meet: {outcome.error!r}") from outcome.error
        self._compare_heard(name)
        self._compare_states(name)
        self._even_out_numbers()
        self._reference.check(self.before, self.state)
        self.agree = True
        return outcomes[0]

    def born(self, table: str) -> list[Any]:
        """Return the ids of the rows that the last step added to a table."""
        return [key[0] for key in self.state[table] if key not in self.before[table]]

    def _compare(self, what: str, said: Mapping[str, Any]) -> None:
        (first, expected), *others = said.items()
        for name, found in others:
            if found != expected:
                raise Difference(f"{what}\n  {first}: {_cut(expected)}\n  {name}: {_cut(found)}")

    def _compare_heard(self, step: str) -> None:
        calls, notices = {}, {}
        for env in self.envs:
            heard = self._heard[env.name]
            calls[env.name] = [canonical(call) for call in env.gateway.calls[heard.calls :]]
            notices[env.name] = [canonical(notice) for notice in env.mailer.delivered[heard.notices :]]
        self._compare(f"during {step} the provider was asked", calls)
        self._compare(f"during {step} there was mail", notices)
        self._compare(f"during {step} passwords were compared", {each.name: each.hasher.verified for each in self.envs})
        self.news = self.first.mailer.delivered[self._heard[self.first.name].notices :]
        for env in self.envs:
            heard = self._heard[env.name]
            heard.calls, heard.notices = len(env.gateway.calls), len(env.mailer.delivered)

    def _compare_states(self, step: str) -> None:
        dumps = {env.name: env.dumper.dump(now=env.clock.now()) for env in self.envs}
        (first, expected), *others = dumps.items()
        for name, found in others:
            for table in (*TABLES, ATTEMPTS):
                if found[table] != expected[table]:
                    lines = "\n".join(_differing(table, (first, expected), (name, found)))
                    raise Difference(f"after {step} the table {table} differs\n{lines}")
        self.before, self.state = self.state, expected

    def _even_out_numbers(self) -> None:
        """Let every environment hand out the same number next, and draw the same secret.

        A unit that is rolled back may lose the numbers that it took, or not: the ports allow both. SQLite loses none,
        so the others are taken back to it. And a unit may be refused at once or at its commit: in the second case it
        has drawn more secrets before.
        """
        memory, sqlite, postgres = (env.dumper for env in self.envs)
        numbers: Numbering = sqlite.numbering()
        for dumper in (memory, postgres):
            if dumper.numbering() != numbers:
                dumper.renumber(numbers)
        drawn = max(env.secrets.drawn for env in self.envs)
        for env in self.envs:
            env.secrets.drawn = drawn

    def put_clocks_back(self, span: timedelta) -> None:
        """Go back in time.

        An attempt whose time is over may be swept or not, and counts again only in the second case. A clock that goes
        back is the only one that tells, so all of them are swept before.
        """

        def put_back(env: Environment) -> None:
            env.dumper.sweep(now=env.clock.now())
            env.clock.put_back(span)

        self.step("put_clocks_back", put_back)


def _differing(table: str, first: tuple[str, Dump], second: tuple[str, Dump]) -> Iterator[str]:
    columns = [column.name for column in TABLES[table].columns] if table in TABLES else []
    (one, left), (other, right) = first, second
    for key in left[table].keys() | right[table].keys():
        here, there = left[table].get(key), right[table].get(key)
        if here == there:
            continue
        if here is None or there is None:
            yield f"  {key}: only in {other if here is None else one}"
            continue
        for column, mine, theirs in zip(columns, here, there, strict=True):
            if mine != theirs:
                yield f"  {key}.{column}: {one} {_cut(mine)}, {other} {_cut(theirs)}"


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
