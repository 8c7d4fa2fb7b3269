"""What people do on a service, one deed after another."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

from tests.chaos.journal import Environment
from tests.chaos.people import Person

ORDINARY: Final[tuple[tuple[Callable[[Person], Awaitable[None]], int], ...]] = (
    (Person.rename, 4),
    (Person.move, 2),
    (Person.change_password, 1),
    (Person.sign_out, 1),
    (Person.found_team, 3),
    (Person.write_interaction, 5),
    (Person.dissolve_team, 1),
    (Person.verify_card, 3),
    (Person.remove_card, 1),
    (Person.choose_card, 2),
    (Person.ask_for_too_much, 2),
)
"""What somebody does, and how often compared with the rest."""

MOST_DEEDS: Final = 25


async def live(env: Environment, everybody: list[Person], chance: Random) -> None:
    """Be one person after another, until the environment closes. Each does some things, and some of them leave."""
    while not env.closing.is_set():
        person = Person(env, Random(chance.random()))
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
