"""Signing up and in, sessions, profile, recovery, and the end of an account."""

from datetime import timedelta
from typing import Any, Final

from tests.customers import Address, Customer
from tests.simulation.environment import JANE, JOHN, OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.errors import InvalidCredentials, RateLimitExceeded, Unavailable
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.rate_limits import RateLimit, in_every_scope
from accounts_core.ports.password_hasher import PasswordHasher
from accounts_core.services.idempotency import IdempotentAnswer

from .scenario import Scenario, a_team, after, called, deactivated, signed_in

MOST_GUESSES: Final = 3
NEW: Final = "new@example.org"
BOOKSHOP: Final = Customer(company="Bookshop", address=Address(city="Lyon"))
ONCE, NEVER = "Once.", "Never."


async def sign_in_after_an_upgrade(env: Environment, accounts: Core) -> object:
    env.hasher.generation = 2
    return await accounts.sign_in(email=JANE, password=PASSWORD)


async def guess(env: Environment, accounts: Core) -> None:
    for _ in range(MOST_GUESSES + 2):
        try:
            await accounts.sign_in(email=JANE, password="a guess at her password")
        except InvalidCredentials:
            env.notes["evaluated"] = env.notes.get("evaluated", 0) + 1
        except RateLimitExceeded:
            return


async def forgotten(env: Environment, accounts: Core) -> None:
    await signed_in(env, accounts)
    await accounts.forgot_password(email=JANE)
    await accounts.run_due()
    env.notes["token"] = env.mailed("reset_password", JANE)


async def new_address(env: Environment, accounts: Core) -> None:
    await signed_in(env, accounts)
    await accounts.update_profile(env.jane.id, email=NEW, current_password=PASSWORD)
    await accounts.run_due()
    env.notes["token"] = env.mailed("verify_email", NEW)


async def an_invitation_waits(env: Environment, accounts: Core) -> None:
    team = (await accounts.create_team(env.notes["john"].id, name="John's")).team
    await accounts.invite_to_team(env.notes["john"].id, team.id, email=NEW)
    env.notes["team"] = team
    await accounts.run_due()


async def unverified(env: Environment, accounts: Core) -> None:
    user = await accounts.register(email=NEW, password=PASSWORD, name="New")
    await accounts.run_due()
    env.notes["new"] = user


async def two_sign_ups(env: Environment, accounts: Core) -> None:
    """Somebody has an unverified account with a card and a team, and the owner of the mailbox signs up as well."""
    await unverified(env, accounts)
    await accounts.verify_card(env.notes["new"].id, payment_method="pm_card_visa")
    await accounts.create_team(env.notes["new"].id, name="Not theirs")
    env.clock.advance(timedelta(seconds=1))
    await accounts.request_account(email=NEW, password=OTHER_PASSWORD, name="Newer", profile={"company": "Bookshop"})
    await accounts.run_due()
    env.notes["token"] = env.mailed("verify_email", NEW)


async def a_clock_was_ahead(env: Environment, accounts: Core) -> None:
    """A machine whose clock is a day ahead signs in, has a mail sent, and leaves a job that failed."""
    await signed_in(env, accounts)
    _, ahead = env.start("ahead", timedelta(days=1))
    await ahead.sign_in(email=JANE, password=PASSWORD)
    await ahead.forgot_password(email=JANE)
    await ahead.run_due()
    env.mailer.fail_next(Unavailable("The mail server is away."))
    await ahead.forgot_password(email=JANE)
    await ahead.run_due()


async def time_passes(env: Environment, accounts: Core) -> None:
    env.clock.advance(timedelta(days=40))


async def with_profile_data(env: Environment, accounts: Core) -> None:
    await accounts.update_profile(env.jane.id, profile=BOOKSHOP)


async def change_everything(env: Environment, accounts: Core) -> object:
    return await accounts.update_profile(
        env.jane.id,
        name="Jane Roe",
        profile=Customer(company="Florist", seats=2),
        email=NEW,
        new_password=OTHER_PASSWORD,
        current_password=PASSWORD,
        keep_session=env.notes["here"].session.id,
    )


async def write_once(env: Environment, accounts: Core) -> object:
    async def perform(store: Any) -> IdempotentAnswer:
        view = await accounts.on(store).write_interaction(env.jane.id, env.notes["team"].id, body=ONCE)
        return IdempotentAnswer(answer=view.interaction.id.encode(), is_final=True, took_effect=True)

    return await accounts.run_idempotent(env.jane.id, scope=bytes(32), fingerprint=bytes(32), perform=perform)


async def refused_once(env: Environment, accounts: Core) -> object:
    async def perform(store: Any) -> IdempotentAnswer:
        await accounts.on(store).write_interaction(env.jane.id, env.notes["team"].id, body=NEVER)
        return IdempotentAnswer(answer=b"no", is_final=False, took_effect=False)

    return await accounts.run_idempotent(env.jane.id, scope=bytes(32), fingerprint=bytes(32), perform=perform)


async def sign_up_idempotent(env: Environment, accounts: Core) -> object:
    async def perform(store: Any, passwords: PasswordHasher) -> IdempotentAnswer:
        at = accounts.on(store, passwords=passwords)
        if at.policy.private_registration:
            await at.request_account(email=NEW, password=PASSWORD, name="New", profile=Customer(seats=2))
            return IdempotentAnswer(answer=b"asked for", is_final=True, took_effect=True)
        user = await at.register(email=NEW, password=PASSWORD, name="New", profile=Customer(seats=2))
        return IdempotentAnswer(answer=b"signed up", is_final=True, took_effect=True, user_id=user.id)

    return await accounts.sign_up_idempotent(
        scope=bytes(32), email=EmailAddress(NEW), plain=b"New", password=PASSWORD, perform=perform
    )


async def a_busy_year(env: Environment, accounts: Core) -> None:
    """There is one of everything that is forgotten in time."""
    await forgotten(env, accounts)
    await a_team(env, accounts)
    await write_once(env, accounts)
    await accounts.receive_provider_event(id="evt_old", customer_id=None)
    await unverified(env, accounts)
    await time_passes(env, accounts)


ACCOUNTS: Final = (
    Scenario(
        name="signing up",
        prepare=after(an_invitation_waits),
        act=called(lambda env, accounts: accounts.register(email=NEW, password=PASSWORD, name="New")),
    ),
    Scenario(
        name="asking for an account",
        prepare=after(),
        act=called(lambda env, accounts: accounts.request_account(email=NEW, password=PASSWORD, name="New")),
    ),
    Scenario(
        name="asking for an account that somebody has",
        prepare=after(),
        act=called(lambda env, accounts: accounts.request_account(email=JOHN, password=OTHER_PASSWORD, name="New")),
    ),
    Scenario(
        name="asking again for an account that nobody proved",
        prepare=after(unverified),
        act=called(lambda env, accounts: accounts.request_account(email=NEW, password=OTHER_PASSWORD, name="Newer")),
    ),
    Scenario(
        name="signing in",
        prepare=after(signed_in),
        act=called(lambda env, accounts: accounts.sign_in(email=JANE, password=PASSWORD, user_agent="new")),
    ),
    Scenario(name="signing in after an upgrade", prepare=after(signed_in), act=sign_in_after_an_upgrade),
    Scenario(
        name="guessing a password",
        prepare=after(),
        act=guess,
        policy=Policy(limits=in_every_scope({"sign-in": RateLimit(MOST_GUESSES, timedelta(hours=1))})),
    ),
    Scenario(
        name="signing out",
        prepare=after(signed_in),
        act=called(lambda env, accounts: accounts.sign_out(env.notes["here"].session)),
    ),
    Scenario(
        name="restoring an account",
        prepare=after(signed_in, deactivated),
        act=called(lambda env, accounts: accounts.restore(email=JANE, password=PASSWORD)),
    ),
    Scenario(
        name="forgetting the password",
        prepare=after(signed_in),
        act=called(lambda env, accounts: accounts.forgot_password(email=JANE)),
    ),
    Scenario(
        name="choosing a new password by mail",
        prepare=after(forgotten),
        act=called(lambda env, accounts: accounts.reset_password(token=env.notes["token"], password=OTHER_PASSWORD)),
    ),
    Scenario(
        name="listing sessions",
        prepare=after(signed_in),
        act=called(lambda env, accounts: accounts.list_sessions(env.jane.id)),
    ),
    Scenario(
        name="ending the other sessions",
        prepare=after(signed_in),
        act=called(lambda env, accounts: accounts.end_sessions(env.notes["here"].session, current_password=PASSWORD)),
    ),
    Scenario(
        name="ending one session",
        prepare=after(signed_in),
        act=called(
            lambda env, accounts: accounts.end_sessions(
                env.notes["here"].session, env.notes["there"].session.id, current_password=PASSWORD
            )
        ),
    ),
    Scenario(
        name="ending all sessions",
        prepare=after(signed_in),
        act=called(lambda env, accounts: accounts.end_all_sessions(env.jane.id)),
    ),
    Scenario(
        name="authenticating",
        prepare=after(signed_in),
        act=called(lambda env, accounts: accounts.authenticate(env.notes["here"].token)),
    ),
    Scenario(
        name="authenticating with cards",
        prepare=after(signed_in),
        act=called(lambda env, accounts: accounts.authenticate_with_payment_methods(env.notes["here"].token)),
    ),
    Scenario(
        name="touching a session",
        prepare=after(signed_in),
        act=called(lambda env, accounts: accounts.touch_session(env.notes["here"].session.id)),
    ),
    Scenario(
        name="reading a profile",
        prepare=after(),
        act=called(lambda env, accounts: accounts.profile(env.jane.id)),
    ),
    Scenario(name="finding a user", prepare=after(), act=called(lambda env, accounts: accounts.find_user(email=JANE))),
    Scenario(
        name="changing the profile data",
        prepare=after(with_profile_data),
        act=called(lambda env, accounts: accounts.update_profile(env.jane.id, profile={"seats": 3, "vat_id": "FR1"})),
    ),
    Scenario(name="changing everything of a profile", prepare=after(signed_in), act=change_everything),
    Scenario(
        name="changing the password",
        prepare=after(forgotten),
        act=called(
            lambda env, accounts: accounts.update_profile(
                env.jane.id, new_password=OTHER_PASSWORD, current_password=PASSWORD
            )
        ),
    ),
    Scenario(
        name="an operator verifying an address",
        prepare=after(an_invitation_waits, unverified),
        act=called(lambda env, accounts: accounts.mark_email_verified(env.notes["new"].id)),
    ),
    Scenario(
        name="confirming a new address",
        prepare=after(an_invitation_waits, new_address),
        act=called(lambda env, accounts: accounts.verify_email(token=env.notes["token"], password=PASSWORD)),
    ),
    Scenario(
        name="confirming with the account's own access token",
        prepare=after(an_invitation_waits, new_address),
        act=called(lambda env, accounts: accounts.verify_email(token=env.notes["token"], user_id=env.jane.id)),
    ),
    Scenario(
        name="opening the account of a sign-up in place of another's",
        prepare=after(an_invitation_waits, two_sign_ups),
        act=called(lambda env, accounts: accounts.verify_email(token=env.notes["token"], password=OTHER_PASSWORD)),
    ),
    Scenario(
        name="asking for the mail again",
        prepare=after(unverified),
        act=called(lambda env, accounts: accounts.resend_verification(env.notes["new"].id)),
    ),
    Scenario(
        name="deactivating",
        prepare=after(forgotten),
        act=called(lambda env, accounts: accounts.deactivate(env.jane.id)),
    ),
    Scenario(
        name="an operator reinstating",
        prepare=after(signed_in, deactivated),
        act=called(lambda env, accounts: accounts.reinstate(env.jane.id)),
    ),
    Scenario(
        name="an operator unlocking",
        prepare=after(signed_in),
        act=called(lambda env, accounts: accounts.unlock_user(env.jane.id)),
    ),
    Scenario(
        name="previewing a deletion",
        prepare=after(signed_in, a_team),
        act=called(lambda env, accounts: accounts.preview_deletion(env.jane.id)),
    ),
    Scenario(
        name="deleting a user with teams",
        prepare=after(forgotten, a_team),
        act=called(lambda env, accounts: accounts.delete_user(env.jane.id, password=PASSWORD)),
    ),
    Scenario(
        name="an operator deleting a user",
        prepare=after(signed_in, a_team),
        act=called(lambda env, accounts: accounts.erase_user(env.jane.id)),
    ),
    Scenario(
        name="exporting personal data",
        prepare=after(signed_in, a_team),
        act=called(lambda env, accounts: accounts.export_personal_data(env.jane.id)),
    ),
    Scenario(
        name="listing activity",
        prepare=after(signed_in),
        act=called(lambda env, accounts: accounts.list_activity(env.jane.id)),
    ),
    Scenario(name="writing once", prepare=after(a_team), act=write_once),
    Scenario(name="writing once what is refused", prepare=after(a_team), act=refused_once),
    Scenario(name="signing up once", prepare=after(), act=sign_up_idempotent),
    Scenario(
        name="signing up once in private",
        prepare=after(),
        act=sign_up_idempotent,
        policy=Policy(private_registration=True),
    ),
    Scenario(
        name="counting what is to be tidied up",
        prepare=after(a_busy_year),
        act=called(lambda env, accounts: accounts.preview_cleanup()),
    ),
    Scenario(
        name="tidying up",
        prepare=after(a_busy_year),
        act=called(lambda env, accounts: accounts.run_cleanup()),
        in_one_step=False,
    ),
    Scenario(
        name="repairing what a wrong clock wrote",
        prepare=after(a_clock_was_ahead),
        act=called(lambda env, accounts: accounts.repair_times()),
    ),
)
