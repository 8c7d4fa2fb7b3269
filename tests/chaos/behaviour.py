"""What simulated users do on a service, one call after another."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

from tests.chaos.journal import Environment
from tests.chaos.simulated_user import SimulatedUser

ORDINARY: Final[tuple[tuple[Callable[[SimulatedUser], Awaitable[None]], int], ...]] = (
    (SimulatedUser.rename, 4),
    (SimulatedUser.move, 2),
    (SimulatedUser.change_password, 1),
    (SimulatedUser.sign_out, 1),
    (SimulatedUser.found_team, 3),
    (SimulatedUser.write_interaction, 5),
    (SimulatedUser.dissolve_team, 1),
    (SimulatedUser.verify_card, 3),
    (SimulatedUser.remove_card, 1),
    (SimulatedUser.choose_card, 2),
    (SimulatedUser.ask_for_too_much, 2),
)
"""What somebody does, and how often compared with the rest."""

MOST_DEEDS: Final = 25


async def act(env: Environment, everybody: list[SimulatedUser], chance: Random) -> None:
    """Act as one user after another until the run closes. Each makes some calls; some leave at the end."""
    while not env.closing.is_set():
        person = SimulatedUser(env, Random(chance.random()))
        await person.sign_up()
        everybody.append(person)
        for _ in range(chance.randint(1, MOST_DEEDS)):
            if env.closing.is_set():
                return
            (do,) = chance.choices([deed for deed, _ in ORDINARY], [weight for _, weight in ORDINARY])
            await do(person)
        if chance.random() < 0.5:
            await person.deactivate()
            if chance.random() < 0.7:
                await person.restore()
        elif chance.random() < 0.5:
            await person.delete()
        if chance.random() < 0.3:
            await person.check()
