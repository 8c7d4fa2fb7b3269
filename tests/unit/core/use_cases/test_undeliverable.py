"""F3: a mail that its recipient's side refuses ends, quietly, with an entry in the trail of whoever it was for."""

from contextlib import suppress

import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment, signed_up

from accounts_core import Policy, run_sync
from accounts_core.errors import EmailTaken, Undeliverable
from accounts_core.model import User
from accounts_core.model.events import Actor
from accounts_core.model.jobs import SecurityMailJob
from accounts_core.outbox.worker import WorkerRun
from accounts_core.testing.builders import a_job

JANE, JOHN = "jane@example.org", "john@example.org"


@pytest.fixture(params=["open", "private"])
def accounts(env: Environment, request: pytest.FixtureRequest) -> Core:
    return env.accounts(Policy(private_registration=request.param == "private"))


@pytest.fixture
def jane(env: Environment) -> User:
    return signed_up(env.accounts(), env, JANE, "Jane Doe")


@pytest.fixture
def john(env: Environment) -> User:
    plain = env.accounts()
    return plain.mark_email_verified(signed_up(plain, env, JOHN, "John Roe").id)


def refuse(env: Environment, *, times: int = 1) -> None:
    for _ in range(times):
        env.mailer.fail_next(Undeliverable("550 5.1.1"))


def undeliverable(accounts: Core, user: User) -> list[object]:
    """Return the purposes of the mails that the user's trail says were undeliverable."""
    entries = [each for each in accounts.list_activity(user.id) if each.action == "mail_undeliverable"]
    assert all((each.by, each.details["status"]) == (Actor.OPERATOR, "550 5.1.1") for each in entries)
    assert all(set(each.details) == {"purpose", "status"} for each in entries)
    return [each.details["purpose"] for each in entries]


def run_out(accounts: Core) -> WorkerRun:
    total = WorkerRun()
    while (ran := accounts.run_due()).total:
        total += ran
    return total


def test_the_job_is_ended_and_neither_put_off_nor_parked(accounts: Core, env: Environment, jane: User) -> None:
    refuse(env)
    accounts.resend_verification(jane.id)

    assert run_out(accounts) == WorkerRun(done=1)
    assert accounts.list_outbox() == []
    assert undeliverable(accounts, jane) == ["verify_email"]


def test_a_bogus_sign_up_leaves_no_job(accounts: Core, env: Environment) -> None:
    refuse(env)
    if accounts.policy.private_registration:
        accounts.request_account(email="invented@example.org", password=PASSWORD, name="N")
    else:
        accounts.register(email="invented@example.org", password=PASSWORD, name="N")

    run_out(accounts)

    assert accounts.list_outbox() == []
    assert undeliverable(accounts, accounts.find_user("invented@example.org")) == ["verify_email"]


def test_a_sign_up_of_a_strangers_is_in_nobodys_trail(accounts: Core, env: Environment, jane: User) -> None:
    """Its link is for no user, and the account that has the address may be somebody else's."""
    refuse(env)
    if accounts.policy.private_registration:
        accounts.request_account(email=JANE, password=OTHER_PASSWORD, name="J")
    else:
        with suppress(EmailTaken):
            accounts.register(email=JANE, password=OTHER_PASSWORD, name="J")

    assert run_out(accounts).done == 1
    assert accounts.list_outbox() == []
    assert undeliverable(accounts, jane) == []


def test_whoever_waits_for_anothers_address_does_not_learn_of_it(env: Environment, jane: User, john: User) -> None:
    """Where registration is private, the entry would tell them that the address has an account."""
    accounts = env.accounts(Policy(private_registration=True))
    accounts.update_profile(jane.id, email=JOHN, current_password=PASSWORD)
    refuse(env)

    run_out(accounts)

    assert accounts.list_outbox() == []
    assert undeliverable(accounts, jane) == []
    assert undeliverable(accounts, john) == ["already_registered"]


def test_whoever_asks_with_a_verified_address_is_not_told_but_its_owner_is(env: Environment, john: User) -> None:
    accounts = env.accounts(Policy(private_registration=True))
    accounts.request_account(email=JOHN, password=OTHER_PASSWORD, name="J")
    refuse(env)

    run_out(accounts)

    assert accounts.list_outbox() == []
    assert undeliverable(accounts, john) == ["already_registered"]


def test_a_new_password_that_cannot_be_mailed_is_in_the_accounts_trail(
    accounts: Core, env: Environment, john: User
) -> None:
    refuse(env)
    accounts.forgot_password(email=JOHN)

    run_out(accounts)

    assert undeliverable(accounts, john) == ["reset_password"]


def test_a_security_notice_is_in_the_trail_of_the_account_that_it_is_about(
    env: Environment, accounts: Core, john: User, jane: User
) -> None:
    """The old address may be another person's account by now."""
    accounts.update_profile(john.id, email="new@example.org", current_password=PASSWORD)
    run_out(accounts)
    accounts.mark_email_verified(john.id)
    accounts.update_profile(jane.id, email=JOHN, current_password=PASSWORD)
    accounts.mark_email_verified(jane.id)
    refuse(env, times=9)

    run_out(accounts)

    assert accounts.list_outbox() == []
    assert undeliverable(accounts, john) == ["email_changed"]


def test_a_notice_of_the_release_before_names_no_user_and_is_in_no_trail(
    accounts: Core, env: Environment, john: User
) -> None:
    payload = {"purpose": "password_changed", "to": JOHN, "happened_at": "2026-03-01T12:00:00+00:00"}
    notice = a_job("job_old", topic=SecurityMailJob.topic, payload=payload)

    async def put() -> None:
        async with env.store.begin() as work:
            await work.outbox.add(notice)

    run_sync(put())
    refuse(env)

    assert run_out(accounts) == WorkerRun(done=1)
    assert accounts.list_outbox() == []
    assert undeliverable(accounts, john) == []


@pytest.mark.parametrize("is_verified", [True, False])
def test_an_invitation_is_in_the_trail_of_whoever_has_proven_the_address_alone(
    accounts: Core, env: Environment, jane: User, john: User, is_verified: bool
) -> None:
    if is_verified:
        accounts.mark_email_verified(jane.id)
    team = accounts.create_team(john.id, name="Bookshop").team
    refuse(env)
    accounts.invite_to_team(john.id, team.id, email=JANE)

    run_out(accounts)

    assert accounts.list_outbox() == []
    assert undeliverable(accounts, jane) == (["invitation"] if is_verified else [])
    assert undeliverable(accounts, john) == []


def test_nothing_is_written_about_a_user_who_was_deleted_meanwhile(
    accounts: Core, env: Environment, jane: User, john: User
) -> None:
    accounts.deactivate(john.id)  # whose notice is due
    accounts.erase_user(john.id)
    refuse(env)

    assert run_out(accounts) == WorkerRun(done=1)
    assert accounts.list_outbox() == []
    assert next(iter(accounts.list_activity(john.id))).action == "user_deleted"
