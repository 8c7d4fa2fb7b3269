"""Profile data over HTTP: what is taken, told, kept and shown of it."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import http

_HTTP: Final = "test_profile_data.py"
_UNIT: Final = "tests/unit/adapters/test_http_profile_data.py"
_SCHEMA: Final = "tests/unit/adapters/test_profile_schema.py"

HTTP_PROFILE_DATA: Final = (
    Mutant(
        name="profile data over http: a card number that gets as far as the use case",
        at="entrypoints/accounts_http/bodies.py::_profile",
        old="errors.update(error.errors)",
        new="None",
        check=f"{_UNIT}::test_a_card_number_in_it_is_refused_where_no_frame_of_the_refusal_holds_it",
    ),
    Mutant(
        name="profile data over http: a form's in a fingerprint without the token's key",
        at="entrypoints/accounts_http/idempotency.py::_is_plain",
        old="PASSWORD not in name.lower() and name != PROFILE and not isinstance(value, dict | list)",
        new="PASSWORD not in name.lower() and not isinstance(value, dict | list)",
        check=f"{_UNIT}::test_a_fingerprint_is_keyed_by_the_token_in_both_media_types",
    ),
    Mutant(
        name="profile data over http: names of members in the log",
        at="entrypoints/accounts_http/problems.py::_note",
        old='error.field.partition(".")[0]',
        new="error.field",
        check=http(f"{_HTTP}::test_the_log_has_no_name_that_a_client_has_chosen"),
    ),
    Mutant(
        name="profile data over http: an error document without an end",
        at="entrypoints/accounts_http/problems.py::_bounded",
        old="left < 0",
        new="False",
        check=http(f"{_HTTP}::test_an_error_document_has_an_end_however_many_and_long_the_names_are"),
    ),
    Mutant(
        name="profile data over http: one error of several",
        at="entrypoints/accounts_http/problems.py::problem_document",
        old="_bounded(error.errors)",
        new="dict(list(_bounded(error.errors).items())[:1])",
        check=http(f"{_HTTP}::test_each_member_that_is_not_valid_is_named_and_nothing_changes[several]"),
    ),
    Mutant(
        name="profile data over http: shown though it is not stored",
        at="entrypoints/accounts_http/schemas/profile_data.py::shown_profile",
        old="kind is None or not kind.stored",
        new="kind is None",
        check=http(f"{_HTTP}::test_data_that_is_not_stored_is_checked_and_not_shown"),
    ),
    Mutant(
        name="profile data over http: an error for each user from before the type",
        at="entrypoints/accounts_http/schemas/profile_data.py::shown_profile",
        old="user.profile_data is not None and user.profile_data.version",
        new="user.profile_data is not None",
        check=http(f"{_HTTP}::test_users_from_before_a_type_have_no_data_until_they_give_what_it_requires"),
    ),
    Mutant(
        name="profile data over http: a change that is documented to need every member",
        at="entrypoints/accounts_http/openapi/profile_schema.py::ProfileSchema.of",
        old='{"required", "minProperties"}',
        new='{"minProperties"}',
        check=f"{_SCHEMA}::test_a_change_needs_no_member_also_where_the_whole_schema_is_one_of_its_parts",
    ),
    Mutant(
        name="profile data over http: parts of the schema that share a component",
        at="entrypoints/accounts_http/openapi/profile_schema.py::_names",
        old="name in names.values()",
        new="False",
        check=f"{_SCHEMA}::test_parts_with_names_that_a_component_cannot_have_stay_apart",
    ),
)
