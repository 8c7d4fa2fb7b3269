from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.errors import (
    AccountDeactivated,
    ConfigurationError,
    Conflict,
    EmailTaken,
    Invalid,
    InvalidCredentials,
    InvalidToken,
    Unavailable,
)
from accounts_core.model import SessionPolicy, User
from accounts_core.model.events import SignedIn as SignedInEvent
from accounts_core.model.events import UserRegistered
from accounts_core.model.session import TOUCH_INTERVAL
from accounts_core.services.session_opener import SignInResult
from accounts_core.testing.builders import NOON
from accounts_memory import MemoryStore


def test_registering_makes_an_active_user_with_an_address_that_is_not_verified(
    accounts: Core, env: Environment
) -> None:
    user = accounts.register(email="Jane@example.org", password=PASSWORD, name=" Jane Doe ")

    assert accounts.profile(user.id) == user
    assert (user.email.address, user.name, user.is_active, user.email_verified_at) == (
        "Jane@example.org",
        "Jane Doe",
        True,
        None,
    )
    assert (user.created_at, user.updated_at, user.balance) == (NOON, NOON, 0)
    assert len(env.events.of(UserRegistered)) == 1


def test_the_password_is_stored_as_a_hash_only(accounts: Core, jane: User) -> None:
    assert PASSWORD not in jane.password_hash.reveal()


@pytest.mark.parametrize("email", ["jane@example.org", "JANE@example.org", "\uff4aane@example.org"])
def test_one_address_registers_once_whatever_its_spelling(accounts: Core, jane: User, email: str) -> None:
    with pytest.raises(EmailTaken):
        accounts.register(email=email, password=PASSWORD, name="Jane Again")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"email": "jane"}, "email"), ({"password": "too short"}, "password"), ({"name": " "}, "name")],
)
def test_what_breaks_a_rule_is_named_and_nobody_is_registered(
    accounts: Core, wrong: dict[str, str], field: str
) -> None:
    good: dict[str, Any] = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}

    with pytest.raises(Invalid) as caught:
        accounts.register(**good | wrong)

    assert caught.value.field == field
    assert accounts.register(**good).id == 1


def test_signing_in_gives_a_token_that_authenticates(accounts: Core, jane: User, env: Environment) -> None:
    signed_in = accounts.sign_in(email="JANE@example.org", password=PASSWORD, user_agent="curl/8\r\n")

    caller = accounts.authenticate(signed_in.token)

    assert caller.user == jane
    assert caller.session == signed_in.session
    assert caller.session.user_agent == "curl/8"
    assert len(env.events.of(SignedInEvent)) == 1


def test_the_token_is_not_shown_by_the_repr(signed_in: SignInResult) -> None:
    assert signed_in.token not in repr(signed_in)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("jane@example.org", OTHER_PASSWORD),
        ("jane@example.org", ""),
        ("jane@example.org", PASSWORD.upper()),
        ("nobody@example.org", PASSWORD),
    ],
)
def test_a_wrong_password_and_an_unknown_address_are_told_alike(
    accounts: Core, jane: User, email: str, password: str
) -> None:
    with pytest.raises(InvalidCredentials) as caught:
        accounts.sign_in(email=email, password=password)

    assert str(caught.value) == str(InvalidCredentials())


def test_an_unknown_address_costs_the_same_hashing(accounts: Core, jane: User, env: Environment) -> None:
    before = env.hasher.verified
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email="nobody@example.org", password=PASSWORD)

    assert env.hasher.verified == before + 1


def test_signing_in_renews_a_hash_of_older_parameters(accounts: Core, jane: User, env: Environment) -> None:
    env.hasher.generation += 1
    accounts.sign_in(email="jane@example.org", password=PASSWORD)

    renewed = accounts.profile(jane.id)

    assert renewed.password_hash != jane.password_hash
    assert renewed.updated_at == jane.updated_at
    assert accounts.sign_in(email="jane@example.org", password=PASSWORD).user == renewed


def test_a_session_ends_at_its_absolute_age(accounts: Core, env: Environment, signed_in: SignInResult) -> None:
    for _ in range(29):
        env.wait(days=1)
        accounts.authenticate(signed_in.token)
    env.wait(days=1)

    with pytest.raises(InvalidToken):
        accounts.authenticate(signed_in.token)


def test_a_session_ends_when_it_is_idle(accounts: Core, env: Environment, signed_in: SignInResult) -> None:
    env.wait(days=14)

    with pytest.raises(InvalidToken):
        accounts.authenticate(signed_in.token)


@pytest.mark.parametrize("authenticate", ["authenticate", "authenticate_with_payment_methods"])
def test_e27_a_session_in_daily_use_does_not_idle_out(
    accounts: Core, env: Environment, signed_in: SignInResult, authenticate: str
) -> None:
    """E27, ASVS 5.0, 7.3.1: a host calls nothing else."""
    for _ in range(20):
        env.wait(days=1)
        getattr(accounts, authenticate)(signed_in.token)

    (session,) = accounts.list_sessions(signed_in.user.id)
    assert session.last_used_at == env.clock.now()


def test_e27_a_session_is_touched_at_most_every_few_minutes(
    accounts: Core, env: Environment, signed_in: SignInResult
) -> None:
    opened = signed_in.session.last_used_at

    env.clock.advance(TOUCH_INTERVAL - timedelta(microseconds=1))
    assert accounts.authenticate(signed_in.token).session.last_used_at == opened
    env.clock.advance(timedelta(microseconds=1))
    caller = accounts.authenticate(signed_in.token)
    assert (caller.session.last_used_at, caller.touch_due) == (env.clock.now(), False)
    assert list(accounts.list_sessions(signed_in.user.id)) == [caller.session]


def test_e27_a_caller_may_touch_the_session_after_its_answer(
    accounts: Core, env: Environment, signed_in: SignInResult
) -> None:
    env.clock.advance(TOUCH_INTERVAL)
    for _ in range(2):
        assert accounts.authenticate(signed_in.token, touch=False).touch_due

    accounts.touch_session(signed_in.session.id)

    assert not accounts.authenticate(signed_in.token, touch=False).touch_due


def test_a_caller_has_signed_in_recently_for_as_long_as_the_policy_says(
    accounts: Core, env: Environment, signed_in: SignInResult
) -> None:
    env.clock.advance(Policy().reauthentication)
    for touch in (False, True, True):  # not recorded, recorded, recorded before
        assert accounts.authenticate(signed_in.token, touch=touch).signed_in_recently

    env.clock.advance(timedelta(microseconds=1))

    assert not accounts.authenticate(signed_in.token).signed_in_recently
    assert env.accounts(Policy(reauthentication=timedelta(0))).authenticate(signed_in.token).signed_in_recently


class ReadOnly(MemoryStore):
    """A store that only reads, such as a standby, or one that is used within a unit of work of its own."""

    error: Exception | None = None

    def begin(self) -> Any:
        if self.error is not None:
            raise self.error
        return super().begin()


@pytest.mark.parametrize(
    "error", [Unavailable("Read only."), Conflict("Locked."), ConfigurationError("Units do not nest.")], ids=repr
)
def test_e27_a_session_that_cannot_be_touched_is_good_nevertheless(env: Environment, error: Exception) -> None:
    store = ReadOnly()
    accounts = attrs.evolve(env, store=store).accounts()
    jane = accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe")
    token = accounts.sign_in(email="jane@example.org", password=PASSWORD).token
    env.clock.advance(TOUCH_INTERVAL)
    store.error = error

    caller = accounts.authenticate(token)

    assert (caller.user, caller.touch_due) == (jane, True)


def test_how_long_a_session_lives_is_the_products_decision(env: Environment, jane: User) -> None:
    short = env.accounts(Policy(sessions=SessionPolicy(lifetime=timedelta(hours=1))))
    token = short.sign_in(email="jane@example.org", password=PASSWORD).token
    env.wait(hours=1)

    with pytest.raises(InvalidToken):
        short.authenticate(token)


def test_the_oldest_session_ends_where_there_is_one_too_many(env: Environment, jane: User) -> None:
    accounts = env.accounts(Policy(sessions=SessionPolicy(most=2)))
    oldest, middle, newest = (
        accounts.sign_in(email="jane@example.org", password=PASSWORD, user_agent=device) for device in ("1", "2", "3")
    )

    assert {each.id for each in accounts.list_sessions(jane.id)} == {middle.session.id, newest.session.id}
    with pytest.raises(InvalidToken):
        accounts.authenticate(oldest.token)


def test_signing_out_ends_this_session_and_no_other(accounts: Core, signed_in: SignInResult) -> None:
    other = accounts.sign_in(email="jane@example.org", password=PASSWORD)

    accounts.sign_out(signed_in.session)
    accounts.sign_out(signed_in.session)

    with pytest.raises(InvalidToken):
        accounts.authenticate(signed_in.token)
    assert accounts.authenticate(other.token).session == other.session


def test_deactivating_ends_every_session_and_keeps_everything(
    accounts: Core, jane: User, signed_in: SignInResult
) -> None:
    accounts.deactivate(jane.id)

    with pytest.raises(InvalidToken):
        accounts.authenticate(signed_in.token)
    with pytest.raises(AccountDeactivated):
        accounts.sign_in(email="jane@example.org", password=PASSWORD)
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email="jane@example.org", password=OTHER_PASSWORD)


def test_restoring_with_the_password_brings_the_account_back_and_signs_in(accounts: Core, jane: User) -> None:
    accounts.deactivate(jane.id)
    with pytest.raises(InvalidCredentials):
        accounts.restore(email="jane@example.org", password=OTHER_PASSWORD)

    restored = accounts.restore(email="jane@example.org", password=PASSWORD)

    user = accounts.authenticate(restored.token).user
    assert (user.id, user.name, user.email, user.is_active) == (jane.id, jane.name, jane.email, True)


def test_restoring_an_active_account_is_a_plain_sign_in(accounts: Core, jane: User) -> None:
    assert accounts.restore(email="jane@example.org", password=PASSWORD).user == jane


def test_an_operator_reinstates_without_a_password(accounts: Core, jane: User) -> None:
    accounts.deactivate(jane.id)

    assert accounts.reinstate(jane.id).is_active
    assert accounts.sign_in(email="jane@example.org", password=PASSWORD).user.is_active


def test_a_user_is_found_by_address(accounts: Core, jane: User) -> None:
    assert accounts.find_user("JANE@example.org") == jane


@pytest.mark.parametrize("is_private", [False, True])
def test_m09_the_name_of_a_person_is_brought_to_nfc(env: Environment, is_private: bool) -> None:
    accounts = env.accounts(Policy(private_registration=is_private))
    accounts.request_account(email="jose@example.org", password=PASSWORD, name="Jose\u0301")
    accounts.run_due()
    user = accounts.find_user("jose@example.org")

    assert user.name == "Jos\u00e9"
    assert accounts.update_profile(user.id, name="Ange\u0301lique").name == "Ang\u00e9lique"
