"""Profile data of a host's own type: sign-up, update, events, audit, export, versions, and what is not stored."""

import json
import traceback
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from tests.customers import CUSTOMER, Address, Customer, CustomerCodec
from tests.unit.core.conftest import PASSWORD, Core, Environment

from accounts_core import Policy, ProfileType, User, run_sync
from accounts_core.errors import ConfigurationError, Invalid
from accounts_core.facade import methods
from accounts_core.model.events import ProfileChanged, UserRegistered
from accounts_core.model.profile_data import ProfileData

BOOKSHOP = Customer(company="Bookshop", seats=3, address=Address(city="Lyon"))
REQUIRED: ProfileType[Customer] = ProfileType(codec=CustomerCodec(required=True))


@pytest.fixture
def accounts(env: Environment) -> Core:
    return env.accounts(profile_type=CUSTOMER)


def signed_up(accounts: Core, profile: Any = None, email: str = "jane@example.org") -> User[Customer]:
    return accounts.register(email=email, password=PASSWORD, name="Jane Doe", profile=profile)


def stored(env: Environment, user: User) -> ProfileData | None:
    async def read() -> ProfileData | None:
        async with env.store.reader() as reader:
            found = await reader.users.find(user.id)
        assert found is not None
        return found.profile_data

    return run_sync(read())


def store(env: Environment, user: User, data: ProfileData | None) -> None:
    async def write() -> None:
        async with env.store.begin() as work:
            found = await work.users.get(user.id)
            await work.users.save(attrs.evolve(found, profile_data=data))

    run_sync(write())


def errors(call: Any) -> Mapping[str, list[str]]:
    with pytest.raises(Invalid) as raised:
        call()
    return raised.value.errors


# ---- sign-up


@pytest.mark.parametrize("profile", [BOOKSHOP, attrs.asdict(BOOKSHOP)], ids=["value", "mapping"])
def test_a_sign_up_carries_the_data_to_the_user_the_store_and_the_event(
    accounts: Core, env: Environment, profile: Any
) -> None:
    user = signed_up(accounts, profile)

    assert user.profile == BOOKSHOP
    text = '{"company":"Bookshop","vat_id":null,"seats":3,"address":{"city":"Lyon","zip":null}}'
    assert stored(env, user) == ProfileData(text, 1)
    (event,) = env.events.of(UserRegistered)
    assert isinstance(event, UserRegistered)
    assert event.profile == BOOKSHOP
    assert "Bookshop" not in repr(event) + repr(user)
    hash(event)


def test_a_sign_up_without_data_has_the_defaults(accounts: Core) -> None:
    assert signed_up(accounts).profile == Customer()


def test_a_sign_up_without_a_required_member_is_refused(env: Environment) -> None:
    accounts = env.accounts(profile_type=REQUIRED)

    assert errors(lambda: signed_up(accounts)) == {"profile.company": ["This field is required."]}


def test_every_wrong_member_is_reported_with_its_path(accounts: Core) -> None:
    wrong = {"seats": 0, "more": 1, "address": {"zip": 7, "street": "x"}}

    assert errors(lambda: signed_up(accounts, wrong)) == {
        "profile.seats": ["This is not valid."],
        "profile.more": ["This field is unknown."],
        "profile.address.city": ["This field is required."],
        "profile.address.zip": ["This is not valid."],
        "profile.address.street": ["This field is unknown."],
    }


def test_a_value_that_its_own_type_would_refuse_is_refused(accounts: Core) -> None:
    assert errors(lambda: signed_up(accounts, Customer(seats=0))) == {"profile.seats": ["This is not valid."]}


@pytest.mark.parametrize("profile", [3, "Bookshop", [], True])
def test_what_is_no_object_is_refused(accounts: Core, profile: Any) -> None:
    assert errors(lambda: signed_up(accounts, profile)) == {"profile": ["This is not an object."]}


def test_a_refused_sign_up_is_not_counted_and_hashes_nothing(env: Environment) -> None:
    accounts = env.accounts(profile_type=CUSTOMER)

    errors(lambda: signed_up(accounts, {"more": 1}))

    assert env.events.heard == []


def test_the_class_in_place_of_its_type_is_refused_when_the_accounts_are_made(env: Environment) -> None:
    cls: Any = Customer

    with pytest.raises(ConfigurationError, match=r"give accounts_profiles\.profile_type\(Customer\)\.$"):
        env.accounts(profile_type=cls)


def test_data_without_a_type_is_a_mistake_of_the_application(env: Environment) -> None:
    accounts = env.accounts()

    with pytest.raises(ConfigurationError, match="no type for profile data"):
        signed_up(accounts, {"company": "Bookshop"})
    user = signed_up(accounts)
    with pytest.raises(ConfigurationError, match="profile_type="):
        accounts.update_profile(user.id, profile={})
    with pytest.raises(ConfigurationError, match="no type to read this profile with"):
        _ = user.profile
    assert stored(env, user) is None


def test_a_private_sign_up_carries_the_data_until_its_account_is_opened(env: Environment) -> None:
    accounts = env.accounts(Policy(private_registration=True), profile_type=CUSTOMER)

    accounts.request_account(email="jane@example.org", password=PASSWORD, name="Jane Doe", profile=BOOKSHOP)
    accounts.run_due()

    assert accounts.find_user("jane@example.org").profile == BOOKSHOP
    assert [getattr(event, "profile", None) for event in env.events.of(UserRegistered)] == [BOOKSHOP]


def test_the_account_in_place_of_an_unverified_one_has_the_data_of_its_own_sign_up(env: Environment) -> None:
    accounts = env.accounts(profile_type=CUSTOMER)
    signed_up(accounts, Customer(company="Squatter"))
    accounts.run_due()
    with pytest.raises(Exception, match="already has an account"):
        accounts.register(email="jane@example.org", password=PASSWORD[::-1], name="Jane", profile=BOOKSHOP)
    accounts.run_due()
    tokens = [mail.values["token"] for mail in env.mailer.delivered if "token" in mail.values]

    user = accounts.verify_email(token=tokens[-1], password=PASSWORD[::-1])

    assert user.profile == BOOKSHOP
    assert [getattr(event, "profile", None) for event in env.events.of(UserRegistered)][-1] == BOOKSHOP


# ---- update


def test_a_value_replaces_everything(accounts: Core, env: Environment) -> None:
    user = signed_up(accounts, BOOKSHOP)

    changed = accounts.update_profile(user.id, profile=Customer(company="Florist"))

    assert changed.profile == Customer(company="Florist")
    assert accounts.profile(user.id).profile == Customer(company="Florist")
    (event,) = env.events.of(ProfileChanged)
    assert isinstance(event, ProfileChanged)
    assert (event.before, event.after) == (BOOKSHOP, Customer(company="Florist"))
    assert event.members == ("company", "seats", "address")


def test_a_mapping_replaces_the_members_that_it_names(accounts: Core) -> None:
    user = signed_up(accounts, BOOKSHOP)

    changed = accounts.update_profile(user.id, profile={"seats": 4, "address": None})

    assert changed.profile == Customer(company="Bookshop", seats=4)


def test_an_update_that_is_refused_changes_nothing(accounts: Core, env: Environment) -> None:
    user = signed_up(accounts, BOOKSHOP)

    assert errors(lambda: accounts.update_profile(user.id, name="Mary", profile={"seats": 0, "more": 1})) == {
        "profile.seats": ["This is not valid."],
        "profile.more": ["This field is unknown."],
    }

    assert accounts.profile(user.id).name == "Jane Doe"
    assert env.events.of(ProfileChanged) == []


@pytest.mark.parametrize("profile", [BOOKSHOP, {}, {"seats": 3}])
def test_an_update_to_the_same_writes_nothing(accounts: Core, env: Environment, profile: Any) -> None:
    user = signed_up(accounts, BOOKSHOP)
    before = accounts.profile(user.id)

    after = accounts.update_profile(user.id, profile=profile)

    assert (after.version, after.updated_at) == (before.version, before.updated_at)
    assert env.events.of(ProfileChanged) == []


def test_name_and_data_change_together(accounts: Core) -> None:
    user = signed_up(accounts, BOOKSHOP)

    changed = accounts.update_profile(user.id, name="Mary Major", profile={"seats": 9})

    assert (changed.name, changed.profile.seats) == ("Mary Major", 9)


def test_the_audit_trail_has_the_names_of_members_and_no_values(accounts: Core) -> None:
    user = signed_up(accounts, BOOKSHOP)
    accounts.update_profile(user.id, profile={"company": "Florist", "seats": 4})

    changed, registered = accounts.list_activity(user.id)

    assert (changed.action, changed.details) == ("profile_changed", {"members": "company, seats"})
    assert (registered.action, registered.details) == ("user_registered", {"email": "jane@example.org"})


# ---- the rest of an account's life


def test_every_call_that_returns_a_user_returns_the_data(accounts: Core, env: Environment) -> None:
    user = signed_up(accounts, BOOKSHOP)
    accounts.run_due()
    token = next(mail.values["token"] for mail in env.mailer.delivered if "token" in mail.values)
    signed_in = accounts.sign_in(email="jane@example.org", password=PASSWORD)
    users = {
        "register": user,
        "sign_in": signed_in.user,
        "authenticate": accounts.authenticate(signed_in.token).user,
        "authenticate_with_payment_methods": accounts.authenticate_with_payment_methods(signed_in.token)[0].user,
        "profile": accounts.profile(user.id),
        "find_user": accounts.find_user("jane@example.org"),
        "update_profile": accounts.update_profile(user.id, name="Mary"),
        "verify_email": accounts.verify_email(token=token, user_id=user.id),
        "mark_email_verified": accounts.mark_email_verified(user.id),
        "deactivate": accounts.deactivate(user.id),
        "reinstate": accounts.reinstate(user.id),
        "restore": accounts.restore(email="jane@example.org", password=PASSWORD).user,
        "unlock_user": accounts.unlock_user(user.id),
    }
    accounts.forgot_password(email="jane@example.org")
    accounts.run_due()
    token = [mail.values["token"] for mail in env.mailer.delivered if "token" in mail.values][-1]
    users["reset_password"] = accounts.reset_password(token=token, password=PASSWORD[::-1])

    assert {name: each.profile for name, each in users.items()} == dict.fromkeys(users, BOOKSHOP)
    returning = {
        name
        for name, cls in methods(type(accounts)).items()
        if any(
            word in str(cls.__call__.__annotations__.get("return")) for word in ("User[", "Caller[", "SignInResult[")
        )
    }
    assert users.keys() == returning


def test_the_export_has_the_data_and_deletion_erases_it(accounts: Core, env: Environment) -> None:
    user = signed_up(accounts, BOOKSHOP)
    other = signed_up(env.accounts(), email="john@example.org")

    exported = accounts.export_personal_data(user.id)["user"]

    assert exported["profile"] == attrs.asdict(BOOKSHOP)
    assert json.loads(json.dumps(exported))["profile"] == attrs.asdict(BOOKSHOP)
    assert "profile" not in accounts.export_personal_data(other.id)["user"]
    accounts.delete_user(user.id, password=PASSWORD)
    with pytest.raises(Exception, match="No such user"):
        accounts.profile(user.id)
    assert "Bookshop" not in str([entry.details for entry in accounts.list_activity(user.id)])


# ---- versions


def renamed(members: dict[str, Any], version: int) -> dict[str, Any]:
    """Read version 1, which had `firm`, and users without data."""
    assert version in {0, 1}
    return {"company": members.get("firm", "(none)")}


SECOND: ProfileType[Customer] = ProfileType(codec=CustomerCodec(required=True), version=2, upgrade=renamed)


def test_older_data_is_upgraded_when_read_and_stored_with_the_next_change(env: Environment) -> None:
    accounts = env.accounts(profile_type=SECOND)
    user = signed_up(env.accounts())
    old = ProfileData('{"firm":"Bookshop"}', 1)
    store(env, user, old)

    assert accounts.profile(user.id).profile == Customer(company="Bookshop")
    assert accounts.update_profile(user.id, name="Mary").profile.company == "Bookshop"
    assert stored(env, user) == old
    assert accounts.update_profile(user.id, profile={"seats": 2}).profile == Customer(company="Bookshop", seats=2)
    assert stored(env, user) == ProfileData('{"company":"Bookshop","vat_id":null,"seats":2,"address":null}', 2)
    (event,) = env.events.of(ProfileChanged)
    assert isinstance(event, ProfileChanged)
    assert (event.before, event.members) == (Customer(company="Bookshop"), ("seats",))


def test_users_from_before_the_type_have_no_members_of_version_0(env: Environment) -> None:
    user = signed_up(env.accounts())

    assert env.accounts(profile_type=CUSTOMER).profile(user.id).profile == Customer()
    assert env.accounts(profile_type=SECOND).profile(user.id).profile == Customer(company="(none)")


def test_users_from_before_a_type_with_required_members_can_give_them(env: Environment) -> None:
    user, accounts = signed_up(env.accounts()), env.accounts(profile_type=REQUIRED)

    with pytest.raises(ConfigurationError, match="version 0 cannot be read with the present type, of version 1"):
        _ = accounts.profile(user.id).profile
    assert errors(lambda: accounts.update_profile(user.id, profile={"seats": 2})) == {
        "profile.company": ["This field is required."]
    }
    assert accounts.update_profile(user.id, profile={"company": "Bookshop"}).profile.company == "Bookshop"


def test_a_sign_up_from_before_a_type_with_required_members_is_opened(env: Environment) -> None:
    private = Policy(private_registration=True)
    env.accounts(private).request_account(email="jane@example.org", password=PASSWORD, name="Jane Doe")
    accounts = env.accounts(private, profile_type=REQUIRED)

    accounts.run_due()

    assert accounts.find_user("jane@example.org").name == "Jane Doe"
    assert [getattr(event, "profile", "?") for event in env.events.of(UserRegistered)] == [None]


def test_a_sign_up_whose_data_cannot_be_read_is_opened_once_it_can(env: Environment) -> None:
    private = Policy(private_registration=True)
    first = env.accounts(private, profile_type=ProfileType(codec=CustomerCodec()))
    first.request_account(email="jane@example.org", password=PASSWORD, name="Jane Doe", profile={"seats": 2})

    def second(upgrade: Any) -> Core:
        return env.accounts(private, profile_type=ProfileType(codec=CustomerCodec(), version=2, upgrade=upgrade))

    second(lambda members, version: {"seats": 0}).run_due()
    assert env.events.of(UserRegistered) == []
    (job,) = env.accounts().list_outbox()
    assert job.last_error is not None
    assert "version 1 cannot be read with the present type, of version 2: profile.seats" in job.last_error
    mended = second(lambda members, version: {**members, "company": "(none)"})
    mended.retry_job(job.id)
    mended.run_due()

    (event,) = env.events.of(UserRegistered)
    assert isinstance(event, UserRegistered)
    assert event.profile == Customer(company="(none)", seats=2)


def test_data_of_a_newer_version_is_read_and_keeps_what_this_one_does_not_know(env: Environment) -> None:
    accounts = env.accounts(profile_type=CUSTOMER)
    user = signed_up(accounts, BOOKSHOP)
    newer = {"company": "Bookshop", "plan": "gold", "address": {"city": "Lyon", "floor": 2}}
    store(env, user, ProfileData.of(newer, 5))

    assert accounts.profile(user.id).profile == Customer(company="Bookshop", address=Address(city="Lyon"))
    accounts.update_profile(user.id, profile={"company": "Florist"})

    data = stored(env, user)
    assert data is not None
    assert data.version == 5
    assert data.members() == {
        "company": "Florist",
        "vat_id": None,
        "seats": 1,
        "address": {"city": "Lyon", "zip": None, "floor": 2},
        "plan": "gold",
    }
    accounts.update_profile(user.id, profile=Customer())
    data = stored(env, user)
    assert data is not None
    assert (data.version, data.members()["plan"]) == (5, "gold")


def test_an_upgrade_is_for_older_data_only(env: Environment) -> None:
    accounts = env.accounts(profile_type=SECOND)
    user = signed_up(accounts, Customer(company="Bookshop"))

    for version in (2, 3):
        store(env, user, ProfileData('{"company":"Florist","firm":"Bookshop"}', version))
        assert accounts.profile(user.id).profile == Customer(company="Florist")


@pytest.mark.parametrize(
    "text", ['{"company":7}', "[]", "no JSON", '{"address":{}}'], ids=["wrong", "list", "text", "deep"]
)
def test_data_that_cannot_be_read_stops_no_sign_in_and_can_be_replaced(env: Environment, text: str) -> None:
    accounts = env.accounts(profile_type=CUSTOMER)
    user = signed_up(accounts, BOOKSHOP)
    store(env, user, ProfileData(text, 1))

    signed_in = accounts.sign_in(email="jane@example.org", password=PASSWORD)
    caller = accounts.authenticate(signed_in.token)
    accounts.update_profile(user.id, name="Mary")
    for broken in (signed_in.user, caller.user):
        with pytest.raises(ConfigurationError, match="version 1 cannot be read with the present type, of version 1"):
            _ = broken.profile
    with pytest.raises(ConfigurationError, match="cannot be read"):
        accounts.update_profile(user.id, profile={"seats": 2})

    assert accounts.update_profile(user.id, profile=BOOKSHOP).profile == BOOKSHOP
    (event,) = env.events.of(ProfileChanged)
    assert isinstance(event, ProfileChanged)
    assert (event.before, event.after) == (None, BOOKSHOP)


def test_an_upgrade_that_fails_or_returns_nothing_is_named(env: Environment) -> None:
    user = signed_up(env.accounts())

    def failing(members: dict[str, Any], version: int) -> dict[str, Any]:
        raise KeyError(members.get("firm"))

    for upgrade, words in (
        (failing, r"cannot be read with the present type, of version 2: KeyError \(.*test_profile_data.py, line \d+\)"),
        (lambda members, version: None, "returns the members, as a mapping"),
    ):
        broken: ProfileType[Customer] = ProfileType(codec=CustomerCodec(), version=2, upgrade=upgrade)  # type: ignore[arg-type]  # it returns None
        with pytest.raises(ConfigurationError, match=words):
            _ = env.accounts(profile_type=broken).profile(user.id).profile


def test_an_upgrade_that_fails_shows_no_value(env: Environment) -> None:
    user = signed_up(env.accounts())
    store(env, user, ProfileData('{"seats":"Jane Roe"}', 1))
    upgrade = ProfileType(codec=CustomerCodec(), version=2, upgrade=lambda members, _: {"seats": int(members["seats"])})

    with pytest.raises(ConfigurationError, match="version 2: ValueError") as raised:
        _ = env.accounts(profile_type=upgrade).profile(user.id).profile

    assert "Jane Roe" not in "".join(traceback.format_exception(raised.value))


def test_data_is_decoded_only_when_it_is_read_and_once(env: Environment) -> None:
    codec = CustomerCodec()
    accounts = env.accounts(profile_type=ProfileType(codec=codec))
    signed_up(accounts, BOOKSHOP)
    signed_in = accounts.sign_in(email="jane@example.org", password=PASSWORD)
    codec.loads = 0

    caller = accounts.authenticate(signed_in.token)

    assert codec.loads == 0
    assert caller.user.profile is caller.user.profile
    assert codec.loads == 1


# ---- not stored


def test_data_that_is_not_stored_is_checked_and_in_the_events(env: Environment) -> None:
    accounts = env.accounts(profile_type=ProfileType(codec=CustomerCodec(required=True), stored=False))

    assert errors(lambda: signed_up(accounts)) == {"profile.company": ["This field is required."]}
    user = signed_up(accounts, BOOKSHOP)
    accounts.update_profile(user.id, profile={"company": "Florist"})

    registered, changed = (event for event in env.events.heard if isinstance(event, UserRegistered | ProfileChanged))
    assert isinstance(registered, UserRegistered)
    assert registered.profile == BOOKSHOP
    assert isinstance(changed, ProfileChanged)
    assert (changed.before, changed.after) == (None, Customer(company="Florist"))
    assert stored(env, user) is None
    with pytest.raises(ConfigurationError, match="not stored with the user"):
        _ = user.profile
    assert "profile" not in accounts.export_personal_data(user.id)["user"]


def test_data_that_is_not_stored_waits_with_a_private_sign_up(env: Environment) -> None:
    private = Policy(private_registration=True)
    accounts = env.accounts(private, profile_type=ProfileType(codec=CustomerCodec(), stored=False))

    accounts.request_account(email="jane@example.org", password=PASSWORD, name="Jane Doe", profile=BOOKSHOP)
    accounts.run_due()

    (event,) = env.events.of(UserRegistered)
    assert isinstance(event, UserRegistered)
    assert event.profile == BOOKSHOP
    assert stored(env, accounts.find_user("jane@example.org")) is None


# ---- limits


def test_the_size_counts_bytes_of_utf_8_and_what_is_stored(env: Environment) -> None:
    accounts = env.accounts(profile_type=ProfileType(codec=CustomerCodec(), max_bytes=100))
    base = len('{"company":"","vat_id":null,"seats":1,"address":null}')

    signed_up(accounts, {"company": "\u00e9" * ((100 - base) // 2)})
    for company in ("n" * (101 - base), "\u00e9" * ((102 - base) // 2)):
        assert errors(lambda company=company: signed_up(accounts, {"company": company})) == {
            "profile": ["At most 100 bytes as JSON, please."]
        }


@pytest.mark.parametrize("options", [{"version": 0}, {"version": 2**31}, {"max_bytes": 1}, {"max_bytes": 65_537}])
def test_a_type_has_a_version_and_a_size_in_their_ranges(options: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        ProfileType(codec=CustomerCodec(), **options)  # type: ignore[arg-type]  # of two types


def test_a_codec_that_writes_what_it_does_not_read_is_named(env: Environment) -> None:
    class Asymmetric(CustomerCodec):
        def dump(self, value: Customer) -> dict[str, Any]:
            return {"firm": value.company}

    accounts = env.accounts(profile_type=ProfileType(codec=Asymmetric()))

    with pytest.raises(ConfigurationError, match=r"writes what it does not read: profile.firm\."):
        signed_up(accounts, {"company": "Bookshop"})
