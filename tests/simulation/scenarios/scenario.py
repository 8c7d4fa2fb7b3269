"""What a scenario is, and the beginnings that several share."""

from collections.abc import Callable
from typing import Final

import attrs
from tests.simulation.environment import JANE, JOHN, PASSWORD, Act, Core, Environment

from accounts_core import Policy
from accounts_core.errors import AccountsError

DONE: Final = "done"


@attrs.frozen(kw_only=True)
class Scenario:
    """`prepare` happens in peace, `act` is what breaks, and `comes_anyway` what the provider sends until we take it.

    `in_one_step`: whatever happens, afterwards all of it is there or nothing. `ending`: how its caller sees it end when
    nothing breaks.
    """

    name: str
    prepare: Act
    act: Act
    comes_anyway: Act | None = None
    in_one_step: bool = True
    ending: str = DONE
    policy: Policy | None = None


async def two_people(env: Environment, accounts: Core) -> None:
    """Jane and John have signed up and proven their addresses, and every mail is out."""
    jane = await accounts.register(email=JANE, password=PASSWORD, name="Jane Doe")
    john = await accounts.register(email=JOHN, password=PASSWORD, name="John Roe")
    await accounts.mark_email_verified(jane.id)
    await accounts.mark_email_verified(john.id)
    await accounts.run_due()
    env.notes |= {"jane": jane, "john": john, "known": (jane.id, john.id)}


def after(*acts: Act) -> Act:
    """Do these, one after another, after two people have signed up."""

    async def prepare(env: Environment, accounts: Core) -> None:
        for act in (two_people, *acts):
            await act(env, accounts)

    return prepare


async def nothing(env: Environment, accounts: Core) -> None:
    pass


async def signed_in(env: Environment, accounts: Core) -> None:
    """Jane is signed in twice, from two devices."""
    here = await accounts.sign_in(email=JANE, password=PASSWORD, user_agent="here")
    there = await accounts.sign_in(email=JANE, password=PASSWORD, user_agent="there")
    env.notes |= {"here": here, "there": there}
    await accounts.run_due()


async def deactivated(env: Environment, accounts: Core) -> None:
    await accounts.deactivate(env.jane.id)
    await accounts.run_due()


async def a_team(env: Environment, accounts: Core) -> None:
    """Jane owns a team with John in it; John owns one with Jane in it; both have written in both."""
    notes = env.notes
    for mine, owner, other, email in (("team", "jane", "john", JOHN), ("other_team", "john", "jane", JANE)):
        team = (await accounts.create_team(notes[owner].id, name=f"{owner}'s")).team
        await accounts.invite_to_team(notes[owner].id, team.id, email=email)
        (invitation,) = await accounts.list_invitations(notes[other].id)
        await accounts.accept_invitation(notes[other].id, invitation.invitation.id)
        for author in (owner, other):
            await accounts.write_interaction(notes[author].id, team.id, body=f"By {author}.")
        notes[mine] = team
    await accounts.run_due()


def tolerant(act: Act) -> Act:
    """Go on after what the environment refuses, as a person does."""

    async def carried_on(env: Environment, accounts: Core) -> None:
        try:
            await act(env, accounts)
        except AccountsError:
            return

    return carried_on


def called(call: Callable[[Environment, Core], object]) -> Act:
    """Make an act of one call."""

    async def act(env: Environment, accounts: Core) -> object:
        return await call(env, accounts)  # type: ignore[misc]  # whatever it is, it is awaited

    return act
