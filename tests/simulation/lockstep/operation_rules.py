"""Rules about the outbox, the provider's events and requests with a key; and what happens around the core."""

from datetime import timedelta
from typing import Any, Final

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.simulation.lockstep import arguments as given
from tests.simulation.lockstep.base import Core, LockstepBase, all_of
from tests.simulation.lockstep.environments import Environment

from accounts_core import run_sync
from accounts_core.errors import ProviderRefused, Unavailable
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.ports.payment_gateway import HoldStatus
from accounts_core.ports.store import Store, UnitOfWork
from accounts_core.services.expiry import CleanupResult
from accounts_core.services.idempotency import IdempotentAnswer
from accounts_core.testing.builders import a_provided_card

SPANS: Final = {
    "a second": timedelta(seconds=1),
    "a minute": timedelta(minutes=1),
    "a quarter of an hour": timedelta(minutes=15),
    "an hour": timedelta(hours=1),
    "a day": timedelta(days=1),
    "a week and a bit": timedelta(days=7, microseconds=1),
    "a month": timedelta(days=31),
}


class OperationRules(LockstepBase):
    @rule(target=given.jobs, limit=given.limits)
    def list_outbox(self, limit: int) -> Any:
        return all_of(self.ask("list_outbox", lambda at: at.list_outbox(limit=limit)), lambda job: job.id)

    @rule()
    def list_overdue_jobs(self) -> None:
        self.ask("list_overdue_jobs", lambda at: at.list_overdue_jobs())

    @rule(id=given.jobs)
    def retry_job(self, id: str) -> None:
        self.ask("retry_job", lambda at: at.retry_job(id))

    @rule(
        id=st.sampled_from(["evt_1", "evt_2", "evt_3", "evt_4", "nul\0"]),
        customer=st.none() | given.customers,
    )
    def receive_provider_event(self, id: str, customer: str | None) -> None:
        self.ask("receive_provider_event", lambda at: at.receive_provider_event(id=id, customer_id=customer))

    @rule(customer=given.customers)
    def sync_customer(self, customer: str) -> None:
        self.ask("sync_customer", lambda at: at.sync_customer(customer))

    @rule(dry_run=st.booleans())
    def reconcile_cards(self, dry_run: bool) -> None:
        self.ask("reconcile_cards", lambda at: at.reconcile_cards(dry_run=dry_run))

    @rule()
    def run_cleanup(self) -> None:
        self.ask("run_cleanup", lambda at: _without_attempts(at.run_cleanup()))

    @rule()
    def preview_cleanup(self) -> None:
        self.ask("preview_cleanup", lambda at: _without_attempts(at.preview_cleanup()))

    @rule()
    def repair_times(self) -> None:
        self.ask("repair_times", lambda at: at.repair_times())

    @rule(
        user=given.users,
        key=st.integers(1, 3),
        body=st.integers(1, 2),
        team=given.teams,
        what=st.sampled_from(["create a team", "rename", "write", "verify a card"]),
        is_final=st.sampled_from([True, True, False]),
        took_effect=st.sampled_from([True, True, False]),
        breaks=st.sampled_from([False, False, False, True]),
    )
    def run_idempotent(
        self,
        user: UserId,
        key: int,
        body: int,
        team: TeamId,
        what: str,
        is_final: bool,
        took_effect: bool,
        breaks: bool,
    ) -> None:
        def call(accounts: Core) -> Any:
            async def perform(store: Store[UnitOfWork]) -> IdempotentAnswer:
                at: Any = accounts.on(store)
                match what:
                    case "create a team":
                        answer = str(at.create_team(user, name="Made once").team.id)
                    case "rename":
                        answer = str(at.update_profile(user, name=f"Name {body}").version)
                    case "write":
                        answer = at.write_interaction(user, team, body="Written once.").interaction.id
                    case _:
                        answer = repr(at.verify_card(user, payment_method="pm_card_amex", idempotency_key=f"key {key}"))
                if breaks:
                    raise Unavailable("It broke halfway.")
                return IdempotentAnswer(answer=answer.encode(), is_final=is_final, took_effect=took_effect)

            return accounts.run_idempotent(
                user,
                scope=bytes([key]) * 32,
                fingerprint=bytes([body]) * 32,
                perform=perform,
                in_single_unit=what != "verify a card",
            )

        self.ask("run_idempotent", call)

    @rule(
        email=st.sampled_from(given.GOOD_EMAILS),
        key=st.integers(1, 2),
        body=st.integers(1, 2),
        password=given.passwords,
        in_private=st.booleans(),
        breaks=st.sampled_from([False, False, False, True]),
    )
    def sign_up_idempotent(
        self, email: str, key: int, body: int, password: str, in_private: bool, breaks: bool
    ) -> None:
        def call(accounts: Core) -> Any:
            async def perform(store: Store[UnitOfWork], passwords: PasswordHasher) -> IdempotentAnswer:
                at: Any = accounts.on(store, passwords=passwords)
                sign_up = at.request_account if in_private else at.register
                user = sign_up(email=email, password=password, name=f"Name {body}")
                if breaks and in_private:  # otherwise a taken address may be told before or after, as the port allows
                    raise Unavailable("It broke halfway.")
                user_id = None if user is None else user.id
                return IdempotentAnswer(answer=str(user_id).encode(), is_final=True, took_effect=True, user_id=user_id)

            return accounts.sign_up_idempotent(
                scope=bytes([key]) * 31 + EmailAddress(email).key.encode()[:1],
                email=EmailAddress(email),
                plain=bytes([body]),
                password=password,
                perform=perform,
            )

        self.ask("sign_up_idempotent", call)


class EnvironmentRules(LockstepBase):
    """What happens whether or not the core likes it."""

    @rule(span=st.sampled_from(sorted(SPANS)))
    def time_passes(self, span: str) -> None:
        self.happen("time_passes", lambda env: env.clock.advance(SPANS[span]))

    @rule()
    def put_clocks_back(self) -> None:
        self.lockstep.put_clocks_back(timedelta(days=1))

    @precondition(lambda self: self.challenged())
    @rule(nth=st.integers(0, 2), succeed=st.sampled_from([True, True, False]))
    def the_person_answers_the_bank(self, nth: int, succeed: bool) -> None:
        waiting = self.challenged()
        hold = waiting[nth % len(waiting)]
        self.happen("the_person_answers_the_bank", lambda env: env.gateway.authenticate(hold, succeed))

    def challenged(self) -> list[str]:
        """The holds that wait for the person."""
        holds = self.lockstep.first.gateway.open_holds()
        return [hold.id for hold in holds if hold.status is HoldStatus.CHALLENGED and hold.id is not None]

    @rule(target=given.cards, id=st.integers(1, 9), plastic=st.sampled_from(["red", "blue"]))
    def a_browser_makes_a_card(self, id: int, plastic: str) -> str:
        made = a_provided_card(f"pm_{id}_{plastic}")

        def make(env: Environment) -> None:
            if made.id not in env.gateway._provider._cards:
                env.gateway.add_payment_method(made)

        self.happen("a_browser_makes_a_card", make)
        return made.id

    @rule(
        method=st.sampled_from(given.PROVIDER_METHODS),
        fault=st.sampled_from(sorted(given.FAULTS)),
        after=st.booleans(),
        replayed=st.booleans(),
    )
    def the_provider_fails(self, method: str, fault: str, after: bool, replayed: bool) -> None:
        def fail(env: Environment) -> None:
            env.gateway.fail_next(method, given.FAULTS[fault](), after=after, replayed=after and replayed)

        self.happen("the_provider_fails", fail)

    @rule(for_good=st.booleans())
    def mail_fails(self, for_good: bool) -> None:
        """Let the next mail come back: to be tried again, or for good, so that its job is parked."""
        error = ProviderRefused("no_such_mailbox") if for_good else Unavailable("The mail server is away.")
        self.happen("mail_fails", lambda env: env.mailer.fail_next(error))

    @rule(generation=st.integers(1, 3))
    def hashing_becomes_costlier(self, generation: int) -> None:
        def set_it(env: Environment) -> None:
            env.hasher.generation = generation

        self.happen("hashing_becomes_costlier", set_it)

    @rule(customer=given.customers, balance=st.sampled_from([0, -500, 2**40]))
    def somebody_sets_a_balance(self, customer: str, balance: int) -> None:
        self.happen("somebody_sets_a_balance", lambda env: env.gateway.set_balance(customer, balance))

    @rule(customer=given.customers, count=st.integers(0, 1))
    def somebody_subscribes(self, customer: str, count: int) -> None:
        self.happen("somebody_subscribes", lambda env: env.gateway.set_subscriptions(customer, count))

    @rule(customer=given.customers)
    def somebody_makes_a_bank_account_the_default(self, customer: str) -> None:
        def make(env: Environment) -> None:
            account = env.gateway.add_other_payment_method("pm_bank", customer_id=customer)
            run_sync(env.gateway.set_default(customer, account))

        self.happen("somebody_makes_a_bank_account_the_default", make)

    @rule(customer=given.customers)
    def somebody_deletes_a_customer(self, customer: str) -> None:
        self.happen("somebody_deletes_a_customer", lambda env: run_sync(env.gateway.delete_customer(customer)))

    @rule(card=given.cards)
    def somebody_detaches_a_card(self, card: str) -> None:
        self.happen("somebody_detaches_a_card", lambda env: run_sync(env.gateway.detach(card)))

    @rule(customer=given.customers, card=given.cards)
    def somebody_sets_a_default(self, customer: str, card: str) -> None:
        self.happen("somebody_sets_a_default", lambda env: run_sync(env.gateway.set_default(customer, card)))


def _without_attempts(result: CleanupResult) -> CleanupResult:
    """Leave out how many attempts were deleted: each adapter also deletes some while it counts others."""
    return attrs.evolve(result, attempts=0)
