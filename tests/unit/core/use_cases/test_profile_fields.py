"""What holds for every profile field, on its way from a sign-up to the export."""

from typing import Any, cast

import attrs
import pytest
from tests.profile_fields import ALL, FIELDS, NAMES, REQUIRED, ProfileField
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core import Policy
from accounts_core.errors import Invalid
from accounts_core.model import User
from accounts_core.model.profile import PROFILE_FIELDS, NewProfile, ProfileChanges
from accounts_core.model.sign_up import SignUp

EMAIL = "jane@example.org"

each_field = pytest.mark.parametrize("field", FIELDS, ids=str)


def test_every_profile_field_is_in_the_table_and_in_what_callers_may_pass() -> None:
    required = {name for name, field in PROFILE_FIELDS.items() if field.default is attrs.NOTHING}

    assert list(PROFILE_FIELDS) == NAMES
    assert set(REQUIRED) == required == NewProfile.__required_keys__
    assert set(NAMES) == set(NewProfile.__annotations__) == set(ProfileChanges.__annotations__)
    assert set(NAMES) <= {field.name for field in attrs.fields(User)} & {field.name for field in attrs.fields(SignUp)}


def test_a_user_who_signs_up_has_the_profile_that_was_sent(accounts: Core) -> None:
    user = accounts.register(email=EMAIL, password=PASSWORD, **_new(ALL))

    assert user.profile_fields() == ALL
    assert accounts.profile(user.id) == user


@each_field
def test_a_field_that_is_not_sent_has_its_default_or_is_missed(accounts: Core, field: ProfileField) -> None:
    profile = _new({name: value for name, value in ALL.items() if name != field.name})

    if field.is_required:
        with pytest.raises(TypeError, match=field.name):
            accounts.register(email=EMAIL, password=PASSWORD, **profile)
    else:
        user = accounts.register(email=EMAIL, password=PASSWORD, **profile)
        assert getattr(user, field.name) is None


def test_a_field_that_there_is_not_is_refused(accounts: Core, jane: User) -> None:
    unknown: Any = {"balance": "100"}

    with pytest.raises(TypeError, match="balance"):
        accounts.register(email="new@example.org", password=PASSWORD, **_new(ALL), **unknown)
    with pytest.raises(TypeError, match="balance"):
        accounts.update_profile(jane.id, **unknown)


def test_a_sign_up_that_waits_keeps_its_profile_until_its_account_is_opened(env: Environment) -> None:
    accounts = env.accounts(policy=Policy(private_registration=True))
    accounts.request_account(email=EMAIL, password=PASSWORD, **_new(ALL))

    accounts.run_due()

    assert accounts.find_user(EMAIL).profile_fields() == ALL


@each_field
@pytest.mark.parametrize("nth", [0, 1])
def test_a_field_is_changed_alone(accounts: Core, jane: User, env: Environment, field: ProfileField, nth: int) -> None:
    env.wait(hours=1)

    user = accounts.update_profile(jane.id, **_changes({field.name: field.good[nth]}))

    assert user.profile_fields() == {**jane.profile_fields(), field.name: field.good[nth]}
    assert user.updated_at == env.clock.now()
    assert accounts.profile(jane.id) == user


@each_field
def test_none_and_the_same_value_change_nothing(
    accounts: Core, jane: User, env: Environment, field: ProfileField
) -> None:
    env.wait(hours=1)
    same = _changes({field.name: getattr(jane, field.name)})

    assert accounts.update_profile(jane.id, **_changes({field.name: None})) == jane
    assert accounts.update_profile(jane.id, **same) == jane


@pytest.mark.parametrize(
    ("field", "bad"), [pytest.param(field, bad, id=f"{field}-{bad[:9]!a}") for field in FIELDS for bad in field.bad]
)
def test_a_value_that_breaks_the_rule_is_refused(accounts: Core, jane: User, field: ProfileField, bad: str) -> None:
    with pytest.raises(Invalid) as at_sign_up:
        accounts.register(email="new@example.org", password=PASSWORD, **_new({**ALL, field.name: bad}))
    with pytest.raises(Invalid) as at_update:
        accounts.update_profile(jane.id, **_changes({field.name: bad}))

    assert at_sign_up.value.field == at_update.value.field == field.name
    assert accounts.profile(jane.id) == jane


@pytest.mark.parametrize("field", [field for field in FIELDS if field.is_known], ids=str)
def test_what_others_know_of_the_profile_is_no_password(accounts: Core, jane: User, field: ProfileField) -> None:
    with pytest.raises(Invalid, match="too similar"):
        accounts.register(email="new@example.org", password=OTHER_PASSWORD, **_new({**ALL, field.name: OTHER_PASSWORD}))
    with pytest.raises(Invalid, match="too similar"):
        accounts.update_profile(
            jane.id,
            new_password=OTHER_PASSWORD,
            current_password=PASSWORD,
            **_changes({field.name: OTHER_PASSWORD}),
        )


def test_a_locale_and_a_time_zone_may_be_a_password(accounts: Core, jane: User) -> None:
    """Millions share them, and nobody is known by them."""
    zone = "America/North_Dakota/New_Salem"

    user = accounts.register(
        email="new@example.org", password=zone, name="Eve", time_zone=zone, locale="x-abcdefgh-12345678-1"
    )
    accounts.update_profile(user.id, new_password="x-abcdefgh-12345678-1", current_password=zone, time_zone=zone)
    with pytest.raises(Invalid, match="too similar"):
        accounts.update_profile(user.id, new_password=zone, current_password="x-abcdefgh-12345678-1", name=zone)


@pytest.mark.parametrize("field", [field for field in FIELDS if not field.is_required], ids=str)
def test_an_empty_text_removes_what_is_optional(accounts: Core, jane: User, field: ProfileField) -> None:
    assert (
        getattr(accounts.update_profile(jane.id, **_changes({field.name: field.good[0]})), field.name) == field.good[0]
    )
    assert (
        accounts.update_profile(jane.id, **_changes({field.name: None})).profile_fields()[field.name] == field.good[0]
    )

    assert getattr(accounts.update_profile(jane.id, **_changes({field.name: ""})), field.name) is None
    assert getattr(accounts.profile(jane.id), field.name) is None
    for n, nothing in enumerate(("", None)):
        user = accounts.register(email=f"new{n}@example.org", password=PASSWORD, **_new({**ALL, field.name: nothing}))
        assert getattr(user, field.name) is None


def test_the_export_has_the_whole_profile(accounts: Core) -> None:
    user = accounts.register(email=EMAIL, password=PASSWORD, **_new(ALL))

    assert accounts.export_personal_data(user.id)["user"].items() >= ALL.items()


def _new(fields: dict[str, Any]) -> NewProfile:
    return cast("NewProfile", fields)


def _changes(fields: dict[str, Any]) -> ProfileChanges:
    return cast("ProfileChanges", fields)
