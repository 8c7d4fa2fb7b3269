"""What a use case meets on its way because somebody else was there: comments that give such a reason are held here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment
from tests.unit.core.use_cases.reconciling import another_customer, meanwhile, verify

from accounts_core import Policy, run_sync
from accounts_core.errors import Conflict, EmailTaken, InvalidToken, ProviderBusy
from accounts_core.model import User
from accounts_core.model.events import SignedOut
from accounts_core.model.jobs import InvitationMailJob, SyncDefaultJob
from accounts_core.model.sign_up import SignUp
from accounts_core.outbox.handlers import JobHandlers
from accounts_core.outbox.worker import WorkerRun
from accounts_core.ports.mailer import MailKind
from accounts_core.testing.builders import a_job, at
from accounts_core.use_cases.sessions.authenticate import Caller
from accounts_memory import MemoryStore

CHALLENGED = "pm_card_authenticationRequired"


def erase_and_finish(accounts: Core, user: User, env: Environment) -> None:
    """Delete a user, and have a worker end the verifications that the user leaves behind."""
    accounts.erase_user(user.id)
    env.wait(hours=2)
    accounts.run_due()


def test_a_customer_is_read_though_the_user_of_a_challenge_is_deleted_meanwhile(
    accounts: Core, jane: User, env: Environment
) -> None:
    accounts.verify_card(jane.id, payment_method=CHALLENGED)
    customer_id = accounts.profile(jane.id).customer_id
    assert customer_id is not None
    meanwhile(env, "retrieve_hold", lambda: erase_and_finish(accounts, jane, env))

    accounts.sync_customer(customer_id)

    assert env.gateway.open_holds() == []


def test_whoever_is_deleted_while_their_card_is_verified_has_a_dead_token(
    accounts: Core, jane: User, env: Environment
) -> None:
    accounts.verify_card(jane.id, payment_method=CHALLENGED)
    meanwhile(env, "retrieve_hold", lambda: erase_and_finish(accounts, jane, env))

    with pytest.raises(InvalidToken):
        accounts.verify_card(jane.id, payment_method=CHALLENGED)


def test_a_default_that_was_not_told_yet_is_replaced_by_the_next(accounts: Core, jane: User, env: Environment) -> None:
    first = verify(accounts, jane, "pm_card_visa")
    second = verify(accounts, jane, "pm_card_mastercard")
    env.gateway.fail_next("set_default", ProviderBusy("busy"))
    accounts.set_default_payment_method(jane.id, second)
    env.gateway.fail_next("set_default", ProviderBusy("busy"))

    accounts.set_default_payment_method(jane.id, first)

    assert [job.topic for job in accounts.list_outbox()].count(SyncDefaultJob.topic) == 1
    env.wait(minutes=1)
    accounts.run_due()
    customer_id = accounts.profile(jane.id).customer_id
    assert customer_id is not None
    assert run_sync(env.gateway.retrieve_customer(customer_id)).default_payment_method == first


def test_a_customer_that_was_made_is_the_users_whoever_moved_the_verification_meanwhile(
    accounts: Core, jane: User, env: Environment
) -> None:
    async def move() -> None:
        async with env.store.begin() as work:
            (verification,) = await work.verifications.list_open_for_user(jane.id)
            await work.verifications.save(verification)

    meanwhile(env, "create_customer", lambda: run_sync(move()))

    accounts.verify_card(jane.id, payment_method="pm_card_visa")

    asked = [call.method for call in env.gateway.calls]
    assert (asked.count("create_customer"), asked.count("find_customer")) == (1, 0)


class Contended(MemoryStore):
    """A store in which somebody else is always first, once it `is_busy`."""

    is_busy = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        if self.is_busy:
            raise Conflict("Somebody else was first.")
        async with super().begin() as work:
            yield work


def test_a_user_who_is_being_changed_is_left_alone_by_reconciling(env: Environment) -> None:
    store = Contended(subscribers=[env.events])
    contended = attrs.evolve(env, store=store)
    accounts = contended.accounts()
    user = accounts.register(email="jane@example.org", password=PASSWORD, name="Jane")
    another_customer(contended, user)
    meanwhile(contended, "list_customers", lambda: setattr(store, "is_busy", True))

    found = accounts.reconcile_cards()

    assert (found.drifts, found.stopped_by) == ((), None)


class Riding:
    """A host's transaction, in which another sign-up with the address is met only when the user is inserted."""

    def __init__(self, store: MemoryStore, *, commits: bool) -> None:
        self.store, self.commits = store, commits

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with self.store.begin() as work:

            async def add(_: User) -> None:
                raise EmailTaken("jane@example.org")

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(work.users, "add", add)
                yield work


@pytest.mark.parametrize(("commits", "expected"), [(True, EmailTaken), (False, Conflict)])
def test_a_sign_up_that_loses_its_race_in_a_hosts_transaction_is_the_hosts_to_repeat(
    accounts: Core, env: Environment, commits: bool, expected: type[Exception]
) -> None:
    riding: Any = Riding(env.store, commits=commits)

    with pytest.raises(expected):
        accounts.on(riding).register(email="jane@example.org", password=PASSWORD, name="Jane")


def test_signing_out_of_an_account_that_was_deleted_is_no_error(
    accounts: Core, caller: Caller, env: Environment
) -> None:
    accounts.erase_user(caller.user.id)

    accounts.sign_out(caller.session)

    assert env.events.of(SignedOut) == []


# ---- mails that were asked for before something happened


def mails(env: Environment) -> list[tuple[str, str]]:
    return [(notice.to.address, notice.kind) for notice in env.mailer.delivered]


def test_a_mail_that_was_asked_for_before_the_password_changed_is_not_sent(
    accounts: Core, jane: User, env: Environment
) -> None:
    accounts.forgot_password(email=jane.email)
    env.wait(seconds=1)
    accounts.update_profile(jane.id, new_password=OTHER_PASSWORD, current_password=PASSWORD)
    accounts.run_due()
    assert mails(env) == []

    accounts.forgot_password(email=jane.email)  # at the very moment of the change
    accounts.run_due()
    assert mails(env) == [(jane.email.address, MailKind.RESET_PASSWORD)]


def test_a_password_that_changed_in_the_future_holds_no_mail_back(accounts: Core, jane: User, env: Environment) -> None:
    env.clock.jump(at(60 * 24) - env.clock.now())
    accounts.update_profile(jane.id, new_password=OTHER_PASSWORD, current_password=PASSWORD)
    env.clock.jump(at(0) - env.clock.now())

    accounts.forgot_password(email=jane.email)
    accounts.run_due()

    assert mails(env) == [(jane.email.address, MailKind.RESET_PASSWORD)]


def test_a_mail_to_an_address_that_changed_meanwhile_is_not_sent(accounts: Core, jane: User, env: Environment) -> None:
    """The address is read, then the user is locked: in between it may change."""

    class Moving:
        commits = True

        def __init__(self) -> None:
            self.is_moved = False

        def reader(self) -> Any:
            return env.store.reader()

        @asynccontextmanager
        async def begin(self) -> AsyncIterator[Any]:
            if not self.is_moved:
                self.is_moved = True
                async with env.store.begin() as work:
                    user = await work.users.get(jane.id)
                    moved = attrs.evolve(user, email=attrs.evolve(user.email, address="new@example.org"))
                    await work.users.save(moved)
            async with env.store.begin() as work:
                yield work

    moving: Any = Moving()
    accounts.forgot_password(email=jane.email)
    job = accounts.list_outbox()[0]

    async def perform() -> None:
        await accounts.on(moving).build(JobHandlers).perform(job)

    run_sync(perform())
    assert mails(env) == []


def test_an_invitation_that_was_withdrawn_is_not_mailed(accounts: Core, env: Environment, jane: User) -> None:
    job = a_job("job_1", topic=InvitationMailJob.topic, payload={"invitation": "inv_gone"})

    async def put() -> None:
        async with env.store.begin() as work:
            await work.outbox.add(job)

    run_sync(put())

    assert accounts.run_due() == WorkerRun(done=1)
    assert mails(env) == []
    assert accounts.list_outbox() == []


@pytest.mark.parametrize("email", ["jane@example.org", "new@example.org"])
def test_a_sign_up_that_came_to_its_end_is_kept_nowhere(env: Environment, jane: User, email: str) -> None:
    accounts = env.accounts(Policy(private_registration=True))
    accounts.mark_email_verified(jane.id)
    accounts.request_account(email=email, password=OTHER_PASSWORD, name="Jane")
    (job,) = accounts.list_outbox()
    accounts.run_due()

    async def kept() -> SignUp | None:
        async with env.store.begin() as work:
            return await work.sign_ups.find(job.payload["sign_up"])

    assert run_sync(kept()) is None
