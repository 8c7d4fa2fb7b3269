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
from .invariants import violations
from .scenarios.cards import AMEX, DECLINED, MASTERCARD, VISA, having
from .scenarios.scenario import a_team, called, signed_in, two_people
from .tally import Noted, Tally
from .world import JANE, OTHER_PASSWORD, PASSWORD, Act, Core, Snapshot, World

FIRST: Final = "first"
SECOND: Final = "second"
BROWSERS: Final = "pm_browsers"
"""A payment method, not a test token: a token is another payment method on every use."""


async def everything(world: World, accounts: Core) -> None:
    """Jane has two cards, two sessions and two teams, and has asked for a new password."""
    await having(VISA, MASTERCARD)(world, accounts)
    await signed_in(world, accounts)
    await a_team(world, accounts)
    await accounts.forgot_password(email=JANE)
    await accounts.run_due()
    newest, oldest = await accounts.list_payment_methods(world.jane.id)
    world.notes |= {"token": world.mailed("reset_password", JANE), "newest": newest.id, "oldest": oldest.id}


async def nobodys(world: World, accounts: Core) -> None:
    """Jane has no customer yet, and is signed in; a browser has made a card."""
    await two_people(world, accounts)
    world.gateway.add_payment_method(a_provided_card(BROWSERS))
    await signed_in(world, accounts)
    await a_team(world, accounts)
    await accounts.forgot_password(email=JANE)
    await accounts.run_due()
    world.notes["token"] = world.mailed("reset_password", JANE)


async def delete_and_work(world: World, accounts: Core) -> None:
    await accounts.delete_user(world.jane.id, password=PASSWORD)
    world.clock.advance(LEASE)
    await accounts.run_due()


def jane(call: str, **named: Any) -> Act:
    return called(lambda world, accounts: getattr(accounts, call)(world.jane.id, **named))


ACTS: Final[dict[str, Act]] = {
    "verifying a card": called(lambda world, accounts: world.verify(accounts, AMEX)),
    "a decline": called(lambda world, accounts: world.verify(accounts, DECLINED)),
    "renaming": jane("update_profile", name="Jane Roe"),
    "renaming otherwise": jane("update_profile", name="Jane Poe"),
    "moving": jane("update_profile", email="roe@example.org", current_password=PASSWORD),
    "an operator verifying": jane("mark_email_verified"),
    "changing the password": jane("update_profile", new_password=OTHER_PASSWORD, current_password=PASSWORD),
    "resetting the password": called(
        lambda world, accounts: accounts.reset_password(token=world.notes["token"], password=OTHER_PASSWORD)
    ),
    "signing in": called(lambda world, accounts: accounts.sign_in(email=JANE, password=PASSWORD)),
    "signing out": called(lambda world, accounts: accounts.sign_out(world.notes["here"].session)),
    "ending all sessions": jane("end_all_sessions"),
    "deactivating": jane("deactivate"),
    "deleting": jane("delete_user", password=PASSWORD),
    "writing": called(
        lambda world, accounts: accounts.write_interaction(world.jane.id, world.notes["other_team"].id, body="New.")
    ),
    "leaving a team": called(
        lambda world, accounts: accounts.remove_team_member(
            world.jane.id, world.notes["other_team"].id, member_id=world.jane.id
        )
    ),
    "John handing the team over": called(
        lambda world, accounts: accounts.hand_over_team(
            world.notes["john"].id, world.notes["other_team"].id, to=world.jane.id
        )
    ),
    "a worker": called(lambda world, accounts: accounts.run_due()),
    "reconciling": called(lambda world, accounts: accounts.reconcile_cards()),
}
WITH_CARDS: Final[dict[str, Act]] = {
    "choosing the newest": called(
        lambda world, accounts: accounts.set_default_payment_method(world.jane.id, world.notes["newest"])
    ),
    "choosing the oldest": called(
        lambda world, accounts: accounts.set_default_payment_method(world.jane.id, world.notes["oldest"])
    ),
    "removing the newest": called(
        lambda world, accounts: accounts.remove_payment_method(world.jane.id, world.notes["newest"])
    ),
    "removing the oldest": called(
        lambda world, accounts: accounts.remove_payment_method(world.jane.id, world.notes["oldest"])
    ),
    "an event": called(
        lambda world, accounts: accounts.receive_provider_event(id="evt_1", customer_id=world.notes["customer"])
    ),
    "syncing": called(lambda world, accounts: accounts.sync_customer(world.notes["customer"])),
}
WITH_NONE: Final[dict[str, Act]] = {
    "verifying a browser's card": called(lambda world, accounts: world.verify(accounts, BROWSERS)),
    "deleting, and a worker": delete_and_work,
}
WITH_ONE: Final[dict[str, Act]] = {
    "verifying a card": ACTS["verifying a card"],
    "removing the only card": called(
        lambda world, accounts: accounts.remove_payment_method(world.jane.id, world.notes["first_card"])
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


def _recovered(world: World) -> Came:
    world.recover()
    return Came(essence(world), frozenset(world.notes.get("refused", ())))


def raced(ground: str, first: str, backend: Backend, seconds: Iterable[str] | None = None) -> Tally:
    """Have every other act come between at every await of this one."""
    prepare, acts = GROUNDS[ground]
    world = World.begin(backend)
    world.live_through(prepare)
    world.notes["began"] = world.clock.now()
    start, tally = world.snapshot(), Tally(scenarios=1)
    for second in seconds or acts:
        _race(f"{ground}: {first}", start, acts[first], (second, acts[second]), backend, tally)
    return tally


def _race(name: str, start: Snapshot, first: Act, rival: tuple[str, Act], backend: Backend, tally: Tally) -> None:
    second_name, second = rival

    def stage(scheduler: Scheduler) -> tuple[World, Task]:
        world = World.at(start, backend, scheduler)
        task = _spawned(world, FIRST, first, tally.calls)
        _spawned(world, SECOND, second, tally.calls)
        return world, task

    def in_turn(**acts: Act) -> Came:
        world = World.at(start, backend)
        for each, act in acts.items():
            _spawned(world, each, act, tally.calls)
            world.scheduler.run()
        return _recovered(world)

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
        tally.worlds += 1
        tally.recoveries += 1
        world = World.at(snapshot, backend)
        came = _recovered(world)
        found = violations(world)
        allowed = [*both, *alone]
        if world.find_user(world.jane.id) is None:  # whoever is deleted at the very end may hear of that instead
            allowed.append(both[0].without(FIRST))
        if came not in allowed:
            found.append(f"not as if one came after the other: {came.beside(*both)}")
        tally.violations += [f"{name}: {how.replace(SECOND, second_name)}: {each}" for each in found]


def _spawned(world: World, name: str, act: Act, calls: set[str]) -> Task:
    process, accounts = world.start()
    noted = cast("Core", Noted(accounts, calls))

    async def tolerant() -> None:
        try:
            await act(world, noted)
        except AccountsError:
            world.notes["refused"] = (*world.notes.get("refused", ()), name)

    return process.spawn(name, tolerant())
