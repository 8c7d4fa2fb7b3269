from datetime import timedelta

import pytest
from tests.unit.core.conftest import NOBODY, OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.errors import (
    EmailTaken,
    Invalid,
    InvalidCredentials,
    InvalidToken,
    NotFound,
    ReauthenticationRequired,
    WrongPassword,
)
from accounts_core.model import EmailAddress, EmailChange, User
from accounts_core.model.events import EmailChanged, EmailChangeRequested, EmailVerified, PasswordChanged
from accounts_core.services.session_opener import SignInResult
from accounts_core.testing.builders import NOON

NEW = "new@example.org"
LONG_AGO = NOON - timedelta(days=1)


def test_nothing_asked_is_nothing_changed(accounts: Core, jane: User, env: Environment) -> None:
    env.wait(hours=1)

    assert accounts.update_profile(jane.id) == jane
    assert accounts.profile(jane.id) == jane


def test_a_name_is_changed(accounts: Core, jane: User, env: Environment) -> None:
    env.wait(hours=1)

    user = accounts.update_profile(jane.id, name="Jane Roe")

    assert (user.name, user.updated_at) == ("Jane Roe", NOON + timedelta(hours=1))
    assert accounts.profile(jane.id) == user


def test_an_unverified_address_is_replaced_at_once(accounts: Core, jane: User, env: Environment) -> None:
    user = accounts.update_profile(jane.id, email=NEW, signed_in_at=NOON)

    assert (user.email, user.email_verified_at, user.pending_email) == (EmailAddress(NEW), None, None)
    assert len(env.events.of(EmailChanged)) == 1


def test_a_verified_address_waits_for_the_new_one(accounts: Core, jane: User, env: Environment) -> None:
    accounts.mark_email_verified(jane.id)

    user = accounts.update_profile(jane.id, email=NEW, signed_in_at=NOON)

    assert (user.email, user.pending_email) == (jane.email, EmailAddress(NEW))
    assert len(env.events.of(EmailChangeRequested)) == 1
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email=NEW, password=PASSWORD)

    accounts.mark_email_verified(jane.id)

    assert accounts.sign_in(email=NEW, password=PASSWORD).user.email == EmailAddress(NEW)
    assert len(env.events.of(EmailVerified)) == 2


def test_a_product_may_change_a_verified_address_at_once(env: Environment, jane: User) -> None:
    accounts = env.accounts(Policy(email_change=EmailChange.IMMEDIATE))
    accounts.mark_email_verified(jane.id)

    user = accounts.update_profile(jane.id, email=NEW, signed_in_at=NOON)

    assert (user.email, user.email_verified_at) == (EmailAddress(NEW), None)


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_of_somebody_else_is_taken(accounts: Core, jane: User, john: User, verified: bool) -> None:
    if verified:
        accounts.mark_email_verified(jane.id)

    with pytest.raises(EmailTaken):
        accounts.update_profile(jane.id, email="JOHN@example.org", signed_in_at=NOON)

    assert accounts.profile(jane.id).email == jane.email


def test_a_pending_address_that_somebody_else_took_meanwhile_is_taken(accounts: Core, jane: User) -> None:
    accounts.mark_email_verified(jane.id)
    accounts.update_profile(jane.id, email=NEW, signed_in_at=NOON)
    accounts.register(email=NEW, password=PASSWORD, name="Somebody Else")

    with pytest.raises(EmailTaken):
        accounts.mark_email_verified(jane.id)


def test_a_new_password_with_the_old_one_ends_every_other_session(
    accounts: Core, signed_in: SignInResult, env: Environment
) -> None:
    other = accounts.sign_in(email="jane@example.org", password=PASSWORD)

    accounts.update_profile(
        signed_in.user.id,
        new_password=OTHER_PASSWORD,
        current_password=PASSWORD,
        keep_session=signed_in.session.id,
    )

    assert accounts.authenticate(signed_in.token).session == signed_in.session
    with pytest.raises(InvalidToken):
        accounts.authenticate(other.token)
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email="jane@example.org", password=PASSWORD)
    assert accounts.sign_in(email="jane@example.org", password=OTHER_PASSWORD).user.id == signed_in.user.id
    assert len(env.events.of(PasswordChanged)) == 1


def test_a_recent_sign_in_is_proof_enough_and_an_older_one_is_not(accounts: Core, jane: User, env: Environment) -> None:
    env.wait(minutes=15)
    accounts.update_profile(jane.id, new_password=OTHER_PASSWORD, signed_in_at=NOON)
    env.wait(seconds=1)

    with pytest.raises(ReauthenticationRequired):
        accounts.update_profile(jane.id, new_password=PASSWORD, signed_in_at=NOON)


@pytest.mark.parametrize("change", [{"new_password": OTHER_PASSWORD}, {"email": NEW}])
def test_a_sensitive_change_without_proof_is_refused(accounts: Core, jane: User, change: dict[str, str]) -> None:
    verified = accounts.mark_email_verified(jane.id)

    for signed_in_at in (None, LONG_AGO):
        with pytest.raises(ReauthenticationRequired):
            accounts.update_profile(jane.id, **change, signed_in_at=signed_in_at)

    assert accounts.profile(jane.id) == verified


def test_the_proof_can_be_turned_off(env: Environment, jane: User) -> None:
    accounts = env.accounts(Policy(reauthentication=timedelta(0)))

    accounts.update_profile(jane.id, new_password=OTHER_PASSWORD)

    assert accounts.sign_in(email="jane@example.org", password=OTHER_PASSWORD).user.id == jane.id


@pytest.mark.parametrize("wrong", [OTHER_PASSWORD, "", PASSWORD + " "])
def test_a_wrong_current_password_stops_every_change(accounts: Core, jane: User, wrong: str) -> None:
    with pytest.raises(WrongPassword) as caught:
        accounts.update_profile(jane.id, name="Jane Roe", current_password=wrong, signed_in_at=NOON)

    assert caught.value.field == "current_password"
    assert accounts.profile(jane.id) == jane


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"name": ""}, "name"), ({"email": "jane"}, "email"), ({"new_password": "short"}, "new_password")],
)
def test_one_wrong_thing_changes_none(accounts: Core, jane: User, wrong: dict[str, str], field: str) -> None:
    good = {"name": "Jane Roe", "email": NEW, "new_password": OTHER_PASSWORD}

    with pytest.raises(Invalid) as caught:
        accounts.update_profile(jane.id, **good | wrong, signed_in_at=NOON)

    assert caught.value.field == field
    assert accounts.profile(jane.id) == jane


def test_a_user_who_is_not_there_is_not_found(accounts: Core) -> None:
    with pytest.raises(NotFound):
        accounts.update_profile(NOBODY, name="Nobody")
