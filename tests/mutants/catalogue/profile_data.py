"""Profile data of a host's own type."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, sql_contract

_MODEL: Final = "accounts_core/model/profile_data.py"
_TYPE: Final = "accounts_core/services/profile_type.py::ProfileType"
_DATA: Final = "use_cases/test_profile_data.py"
_RULES: Final = "model/test_profile_data.py"
_CODECS: Final = "tests/unit/profiles/test_contract.py"

PROFILE_DATA: Final = (
    Mutant(
        name="values of profile data in the audit trail",
        at="accounts_core/model/audit.py::AuditEntry.of",
        old="field.metadata.get(IS_AUDITED, True)",
        new="True",
        check=core(f"{_DATA}::test_the_audit_trail_has_the_names_of_members_and_no_values"),
    ),
    Mutant(
        name="profile data that keeps a user from signing in",
        at=f"{_TYPE}.bind",
        old="data = user.profile_data or NOTHING",
        new="data = user.profile_data or NOTHING\nself.read_data(data)",
        check=core(f"{_DATA}::test_data_that_cannot_be_read_stops_no_sign_in_and_can_be_replaced"),
    ),
    Mutant(
        name="members of a newer release that an update loses",
        at=f"{_TYPE}.check_change",
        old="members = _with_unknown(members, old, raw)",
        new="",
        check=core(f"{_DATA}::test_data_of_a_newer_version_is_read_and_keeps_what_this_one_does_not_know"),
    ),
    Mutant(
        name="an update that makes newer profile data old",
        at=f"{_TYPE}.check_change",
        old="max(stored.version, self.version)",
        new="self.version",
        check=core(f"{_DATA}::test_data_of_a_newer_version_is_read_and_keeps_what_this_one_does_not_know"),
    ),
    Mutant(
        name="profile data of a newer release that stops reading",
        at=f"{_TYPE}._loaded",
        old="(members, self.codec.load(members, allow_unknown=True))",
        new="(members, self.codec.load(members, allow_unknown=False))",
        check=core(f"{_DATA}::test_data_of_a_newer_version_is_read_and_keeps_what_this_one_does_not_know"),
    ),
    Mutant(
        name="newer profile data that is upgraded once more",
        at=f"{_TYPE}._loaded",
        old="data.version < self.version",
        new="data.version != self.version",
        check=core(f"{_DATA}::test_an_upgrade_is_for_older_data_only"),
    ),
    Mutant(
        name="a mapping that replaces members that it does not name",
        at=f"{_TYPE}.check_change",
        old="{**old, **typed}",
        new="{**typed}",
        check=core(f"{_DATA}::test_a_mapping_replaces_the_members_that_it_names"),
    ),
    Mutant(
        name="a value of the host's that its own type would refuse",
        at=f"{_TYPE}._checked",
        old="return self.codec.load(members, allow_unknown=False), members",
        new="return typed, members",
        check=core(f"{_DATA}::test_a_value_that_its_own_type_would_refuse_is_refused"),
    ),
    Mutant(
        name="profile data that is stored though the host keeps it itself",
        at="accounts_core/services/profiles.py::Profiles.stored",
        old="not self._type.stored",
        new="False",
        check=core(f"{_DATA}::test_data_that_is_not_stored_is_checked_and_in_the_events"),
    ),
    Mutant(
        name="an account that is opened without the profile data of its sign-up",
        at="accounts_core/use_cases/identity/verify_email.py::VerifyEmail._open",
        old="sign_up.to_user(id=await work.users.next_id(), at=now, profile_data=stored)",
        new="sign_up.to_user(id=await work.users.next_id(), at=now)",
        check=core(f"{_DATA}::test_the_account_in_place_of_an_unverified_one_has_the_data_of_its_own_sign_up"),
    ),
    Mutant(
        name="only the first wrong member of profile data is reported",
        at=f"{_MODEL}::invalid_profile",
        old="return Invalid(first.field, first.reason, others)",
        new="return Invalid(first.field, first.reason)",
        check=core(f"{_DATA}::test_every_wrong_member_is_reported_with_its_path"),
    ),
    Mutant(
        name="a card number in profile data",
        at=f"{_MODEL}::_fault_of",
        old="CARD_NUMBER if holds_card_number(text) else None",
        new="None",
        check=core(f"{_RULES}::test_what_no_type_may_hold_is_refused"),
    ),
    Mutant(
        name="a member's name that is not looked at",
        at=f"{_MODEL}::_walk",
        old="_fault_of_name(name)",
        new="None",
        check=core(f"{_RULES}::test_a_name_that_cannot_be_stored_is_refused_and_not_repeated"),
    ),
    Mutant(
        name="profile data whose size is that of its characters",
        at=f"{_MODEL}::check_json",
        old="len(json_of(members).encode()) > max_bytes",
        new="len(json_of(members)) > max_bytes",
        check=core(f"{_RULES}::test_the_size_is_that_of_the_json_in_utf_8"),
    ),
    Mutant(
        name="profile data without a limit of depth",
        at=f"{_MODEL}::_walk",
        old="len(path) >= MAX_DEPTH",
        new="len(path) >= 800",
        check=core(f"{_RULES}::test_eight_levels_are_accepted_and_nine_are_not"),
    ),
    Mutant(
        name="undeclared members within an object",
        at="adapters/accounts_profiles/undeclared.py::_of_object.prune",
        old="inner(each, (*path, member), undeclared)",
        new="each",
        check=f"{_CODECS}::TestMsgspec::test_undeclared_members_are_refused_at_every_depth_or_ignored",
    ),
    Mutant(
        name="undeclared members that a model of pydantic's takes",
        at="adapters/accounts_profiles/pydantic_codec.py::PydanticCodec.load",
        old='"ignore" if allow_unknown else "forbid"',
        new="None",
        check=f"{_CODECS}::TestPydantic::test_undeclared_members_are_refused_at_every_depth_or_ignored",
    ),
    Mutant(
        name="profile data of a dataclass that is written without its defaults",
        at="adapters/accounts_profiles/msgspec_codec.py::MsgspecCodec.load",
        old="self._complete is not None",
        new="False",
        check="tests/unit/profiles/test_declaring.py::test_equal_values_have_equal_members_in_the_same_order",
    ),
    Mutant(
        name="numbers of profile data in the form that the database likes",
        at="adapters/accounts_sql/tables/types.py::JsonText.bind_expression",
        old="sa.cast(sa.type_coerce(bindvalue, sa.Text()), postgresql.JSON)",
        new="sa.cast(sa.cast(sa.type_coerce(bindvalue, sa.Text()), postgresql.JSONB), postgresql.JSON)",
        check=sql_contract("TestUsers::test_a_user_comes_back_with_every_field[psycopg]"),
    ),
)
