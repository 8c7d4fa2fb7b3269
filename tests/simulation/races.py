"""Two things at once: at every await of one, another comes between, runs to its end, and the first goes on.

Whatever they are, in the end it is as if one had come after the other: the same is stored, told and at the provider,
and the same one was refused, if any.
"""

from collections.abc import Iterable
from typing import Any, Final, cast

import attrs

from accounts_core.errors import AccountsError
from accounts_core.services.outbox_writer import LEASE
from accounts_core.testing.builders import a_provided_card
from accounts_core.testing.simulation import Explorer, Scheduler, Task, WorldClock

from .backends import Backend
from .contents import essence
from .environment import JANE, OTHER_PASSWORD, PASSWORD, Act, Core, Environment, Snapshot
from .invariants import violations
from .scenarios.cards import AMEX, DECLINED, MASTERCARD, VISA, having
from .scenarios.scenario import a_team, called, signed_in, two_people
from .tally import Noted, Tally

FIRST: Final = "first"
SECOND: Final = "second"
BROWSERS: Final = "pm_browsers"
"""A payment method, not a test token: a token is another payment method on every use."""


async def everything(env: Environment, accounts: Core) -> None:
    """Jane has two cards, two sessions and two teams, and has asked for a new password."""
    await having(VISA, MASTERCARD)(env, accounts)
    await signed_in(env, accounts)
    await a_team(env, accounts)
    await accounts.forgot_password(email=JANE)
    await accounts.run_due()
    newest, oldest = await accounts.list_payment_methods(env.jane.id)
    env.notes |= {"token": env.mailed("reset_password", JANE), "newest": newest.id, "oldest": oldest.id}


async def nobodys(env: Environment, accounts: Core) -> None:
    """Jane has no customer yet, and is signed in; a browser has made a card."""
    await two_people(env, accounts)
    env.gateway.add_payment_method(a_provided_card(BROWSERS))
    await signed_in(env, accounts)
    await a_team(env, accounts)
    await accounts.forgot_password(email=JANE)
    await accounts.run_due()
    env.notes["token"] = env.mailed("reset_password", JANE)


async def delete_and_work(env: Environment, accounts: Core) -> None:
    await accounts.delete_user(env.jane.id, password=PASSWORD)
    env.clock.advance(LEASE)
    await accounts.run_due()


def jane(call: str, **named: Any) -> Act:
    return called(lambda env, accounts: getattr(accounts, call)(env.jane.id, **named))


ACTS: Final[dict[str, Act]] = {
    "verifying a card": called(lambda env, accounts: env.verify(accounts, AMEX)),
    "a decline": called(lambda env, accounts: env.verify(accounts, DECLINED)),
    "renaming": jane("update_profile", name="Jane Roe"),
    "renaming otherwise": jane("update_profile", name="Jane Poe"),
    "moving": jane("update_profile", email="roe@example.org", current_password=PASSWORD),
    "an operator verifying": jane("mark_email_verified"),
    "changing the password": jane("update_profile", new_password=OTHER_PASSWORD, current_password=PASSWORD),
    "resetting the password": called(
        lambda env, accounts: accounts.reset_password(token=env.notes["token"], password=OTHER_PASSWORD)
    ),
    "signing in": called(lambda env, accounts: accounts.sign_in(email=JANE, password=PASSWORD)),
    "signing out": called(lambda env, accounts: accounts.sign_out(env.notes["here"].session)),
    "ending all sessions": jane("end_all_sessions"),
    "deactivating": jane("deactivate"),
    "deleting": jane("delete_user", password=PASSWORD),
    "writing": called(
        lambda env, accounts: accounts.write_interaction(env.jane.id, env.notes["other_team"].id, body="New.")
    ),
    "leaving a team": called(
        lambda env, accounts: accounts.remove_team_member(
            env.jane.id, env.notes["other_team"].id, member_id=env.jane.id
        )
    ),
    "John handing the team over": called(
        lambda env, accounts: accounts.hand_over_team(env.notes["john"].id, env.notes["other_team"].id, to=env.jane.id)
    ),
    "a worker": called(lambda env, accounts: accounts.run_due()),
    "reconciling": called(lambda env, accounts: accounts.reconcile_cards()),
}
WITH_CARDS: Final[dict[str, Act]] = {
    "choosing the newest": called(
        lambda env, accounts: accounts.set_default_payment_method(env.jane.id, env.notes["newest"])
    ),
    "choosing the oldest": called(
        lambda env, accounts: accounts.set_default_payment_method(env.jane.id, env.notes["oldest"])
    ),
    "removing the newest": called(
        lambda env, accounts: accounts.remove_payment_method(env.jane.id, env.notes["newest"])
    ),
    "removing the oldest": called(
        lambda env, accounts: accounts.remove_payment_method(env.jane.id, env.notes["oldest"])
    ),
    "an event": called(
        lambda env, accounts: accounts.receive_provider_event(id="evt_1", customer_id=env.notes["customer"])
    ),
    "syncing": called(lambda env, accounts: accounts.sync_customer(env.notes["customer"])),
}
WITH_NONE: Final[dict[str, Act]] = {
    "verifying a browser's card": called(lambda env, accounts: env.verify(accounts, BROWSERS)),
    "deleting, and a worker": delete_and_work,
}
WITH_ONE: Final[dict[str, Act]] = {
    "verifying a card": ACTS["verifying a card"],
    "removing the only card": called(
        lambda env, accounts: accounts.remove_payment_method(env.jane.id, env.notes["first_card"])
    ),
}
GROUNDS: Final = {
    "with one": (having(VISA), WITH_ONE),
    "with cards": (everything, ACTS | WITH_CARDS),
    "with none": (nobodys, ACTS | WITH_NONE),
}


@attrs.frozen
class Came:
    """What came of it: what there is in the end, and who was refused."""

    held: dict[str, object]
    refused: frozenset[str]

    def without(self, one: str) -> "Came":
        """Return the same, with one more who was refused."""
        return attrs.evolve(self, refused=self.refused | {one})

    def beside(self, *others: "Came") -> str:
        """Say what is otherwise."""
        parts = {"refused": sorted(self.refused)} | self.held
        theirs = [{"refused": sorted(each.refused)} | each.held for each in others]
        differing = [
            f"{part} is {parts[part]}, and would be {' or '.join(str(each[part]) for each in theirs)}"
            for part in parts
            if parts[part] not in [each[part] for each in theirs]
        ]
        return "; ".join(differing) or "a mixture"


def _recovered(env: Environment) -> Came:
    env.recover()
    return Came(essence(env), frozenset(env.notes.get("refused", ())))


def raced(ground: str, first: str, backend: Backend, seconds: Iterable[str] | None = None) -> Tally:
    """Have every other act come between at every await of this one."""
    prepare, acts = GROUNDS[ground]
    env = Environment.begin(backend)
    env.live_through(prepare)
    env.notes["began"] = env.clock.now()
    start, tally = env.snapshot(), Tally(scenarios=1)
    for second in seconds or acts:
        _race(f"{ground}: {first}", start, acts[first], (second, acts[second]), backend, tally)
    return tally


def _race(name: str, start: Snapshot, first: Act, rival: tuple[str, Act], backend: Backend, tally: Tally) -> None:
    second_name, second = rival

    def stage(scheduler: Scheduler) -> tuple[Environment, Task]:
        env = Environment.at(start, backend, scheduler)
        task = _spawned(env, FIRST, first, tally.calls)
        _spawned(env, SECOND, second, tally.calls)
        return env, task

    def in_turn(**acts: Act) -> Came:
        env = Environment.at(start, backend)
        for each, act in acts.items():
            _spawned(env, each, act, tally.calls)
            env.scheduler.run()
        return _recovered(env)

    explorer = Explorer(lambda: WorldClock(start.now), stage, FIRST)
    points = explorer.points()
    both = in_turn(first=first, second=second), in_turn(second=second, first=first)
    alone = in_turn(second=second).without(FIRST), in_turn(first=first).without(SECOND)
    seen = set()
    tally.awaits = max(tally.awaits, len(points))  # they are the first one's, whatever comes between
    for how, script in explorer.overtakings(points, SECOND, lambda point: not (backend.waits and point.in_unit)):
        tally.modes += 1
        tally.runs += 1
        ran = explorer.run(how, script)
        snapshot = ran.world.snapshot()
        trace = ran.world.trace(snapshot)
        if trace in seen:
            continue
        seen.add(trace)
        tally.states += 1
        tally.recoveries += 1
        env = Environment.at(snapshot, backend)
        came = _recovered(env)
        found = violations(env)
        allowed = [*both, *alone]
        if env.find_user(env.jane.id) is None:  # whoever is deleted at the very end may hear of that instead
            allowed.append(both[0].without(FIRST))
        if came not in allowed:
            found.append(f"not as if one came after the other: {came.beside(*both)}")
        tally.violations += [f"{name}: {how.replace(SECOND, second_name)}: {each}" for each in found]


def _spawned(env: Environment, name: str, act: Act, calls: set[str]) -> Task:
    process, accounts = env.start()
    noted = cast("Core", Noted(accounts, calls))

    async def tolerant() -> None:
        try:
            await act(env, noted)
        except AccountsError:
            env.notes["refused"] = (*env.notes.get("refused", ()), name)

    return process.spawn(name, tolerant())
