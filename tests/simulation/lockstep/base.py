"""What the rules of every subject stand on."""

from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, RuleBasedStateMachine, initialize, multiple
from tests.simulation.lockstep import arguments as given
from tests.simulation.lockstep.environments import POLICIES, Databases, Environment
from tests.simulation.lockstep.outcomes import Outcome
from tests.simulation.lockstep.reference import PLACES
from tests.simulation.lockstep.steps import Lockstep, Tally

from accounts_core import BlockingAccounts
from accounts_core.model.ids import TeamId, UserId

Core = BlockingAccounts[Any]


class LockstepBase(RuleBasedStateMachine):
    """Takes every rule's step in each of the three environments."""

    databases: ClassVar[Databases]
    tally: ClassVar[Tally]

    def __init__(self) -> None:
        super().__init__()
        self.tally.examples += 1
        self.lockstep: Lockstep

    def teardown(self) -> None:
        """In the end, read all that can be read: rows that are the same may still be read in another order."""
        if not self.lockstep.agree:
            return
        self.ask("list_outbox", lambda at: at.list_outbox(limit=10**6))
        self.ask("list_activity", lambda at: at.list_activity(limit=10**6))
        for number, *_ in list(self.lockstep.state["users"]):
            self._read_all_of(UserId(number))

    def _read_all_of(self, user: UserId) -> None:
        self.ask("export_personal_data", lambda at: at.export_personal_data(user))
        self.ask("list_sessions", lambda at: at.list_sessions(user))
        self.ask("list_notifications", lambda at: at.list_notifications(user))
        self.ask("list_invitations", lambda at: at.list_invitations(user))
        for view in self.ask("list_teams", lambda at: at.list_teams(user)).value:
            self._read_all_in(user, view.team.id)

    def _read_all_in(self, user: UserId, team: TeamId) -> None:
        self.ask("list_team_members", lambda at: at.list_team_members(user, team))
        self.ask("list_interactions", lambda at: at.list_interactions(user, team))

    @initialize(
        policy=st.sampled_from(sorted(POLICIES)),
        stranger=st.integers(0, 4),
        is_founded=st.sampled_from([True, True, True, False]),
    )
    def begin(self, policy: str, stranger: int, is_founded: bool) -> None:
        """Make the environments, with a stranger in every bundle, and most often with people who know each other."""
        self.lockstep = Lockstep(self.databases.envs(POLICIES[policy]), self.tally)
        for bundle, strangers in given.STRANGERS.items():
            self._put(bundle, strangers[stranger])
        if is_founded:
            self._found()

    def _found(self) -> None:
        """Three people with a card and a team each, a member, an open invitation, and something to read."""
        people = [self._sign_up(name) for name in ("jane", "john", "eve")]
        jane, john, _ = people
        self._put("teams", *(self._create_team(user) for user in people))
        for email in ("john@example.org", "eve@example.org"):
            self._invite(jane, email)
        (first, _) = self.lockstep.state["invitations"]
        self.ask("accept_invitation", lambda at: at.accept_invitation(john, first[0]))
        self.ask("verify_card", lambda at: at.verify_card(jane, payment_method="pm_card_threeDSecure2Required"))
        written = self.ask("write_interaction", lambda at: at.write_interaction(john, team_id(1), body="Hello."))
        self._put("interactions", written.value.interaction.id)

    def _sign_up(self, name: str) -> UserId:
        email = f"{name}@example.org"
        user: UserId = self.ask(
            "register", lambda at: at.register(email=email, password=given.PASSWORD, name=name)
        ).value.id
        self.ask("mark_email_verified", lambda at: at.mark_email_verified(user))
        entered = self.ask("sign_in", lambda at: at.sign_in(email=email, password=given.PASSWORD))
        card = self.ask("verify_card", lambda at: at.verify_card(user, payment_method="pm_card_visa"))
        customer = self.ask("retrieve_customer", lambda at: at.retrieve_customer(user))
        self._put("users", user)
        self._put("signed_in", entered.value)
        self._put("cards", card.value.payment_method)
        self._put("customers", customer.value.id)
        return user

    def _invite(self, owner: UserId, email: str) -> None:
        self.ask("invite_to_team", lambda at: at.invite_to_team(owner, team_id(1), email=email))
        self.ask("run_due", lambda at: at.run_due())  # where registration is private a worker invites
        self._put("invitations", *self.lockstep.born("invitations"))
        self._put("notifications", *self.lockstep.born("notifications"))

    def _create_team(self, user: UserId) -> TeamId:
        made: TeamId = self.ask("create_team", lambda at: at.create_team(user, name=f"Team {user}")).value.team.id
        return made

    def _put(self, bundle: str, *made: Any) -> None:
        self._add_results_to_targets((bundle,), made)  # type: ignore[no-untyped-call]  # as Hypothesis itself does it

    def ask(self, use_case: str, call: Callable[[Core], Any]) -> Outcome:
        """Take a use case's step."""
        return self.lockstep.step(use_case, lambda env: call(env.accounts))

    def whose(self, table: str, key: object, otherwise: Any, *, owner: str = "user_id") -> Any:
        """Return the owner of a thing, as its row says; somebody else when no row has it."""
        row = self.lockstep.state[table].get((key,))
        return otherwise if row is None else row[PLACES[table, owner]]

    def address_of(self, who: int | str) -> str:
        """Return the address of a user, who may be nobody, or the address itself."""
        if isinstance(who, str):
            return who
        address: str = self.whose("users", who, "nobody@example.org", owner="email")
        return address

    def happen(self, name: str, change: Callable[[Environment], Any]) -> Outcome:
        """Let something happen around the core, in every environment alike."""
        return self.lockstep.step(name, change)


def made(outcome: Outcome, thing: Callable[[Any], Any] = lambda value: value) -> Any:
    """Return what goes into a rule's bundle: nothing when the step came to an error."""
    return multiple() if outcome.error is not None else thing(outcome.value)


def all_of(outcome: Outcome, thing: Callable[[Any], Any]) -> MultipleResults[Any]:
    """Return several things for a rule's bundle, out of a list."""
    return multiple() if outcome.error is not None else multiple(*(thing(each) for each in outcome.value))


def team_id(number: int) -> TeamId:
    return TeamId(number)
