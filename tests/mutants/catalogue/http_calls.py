"""The calls without a web framework, and the password form of OAuth 2.0."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import http

_CALLS: Final = "test_http_api.py"
_OPERATIONS: Final = "test_operations.py"
_FORM: Final = "test_password_form.py"

HTTP_CALLS: Final = (
    Mutant(
        name="calls: an error that leaves them",
        at="entrypoints/accounts_http/api/http_api.py::HttpApi.run",
        old="Exception",
        new="ArithmeticError",
        check=http(f"{_CALLS}::test_an_error_is_an_answer"),
    ),
    Mutant(
        name="calls: an answer without the status of its call",
        at="entrypoints/accounts_http/api/endpoints.py::Endpoints._call",
        old="answer.status = answer.status or called.status",
        new="None",
        check=http(f"{_CALLS}::test_a_sign_up_a_sign_in_and_the_user"),
    ),
    Mutant(
        name="calls: a link that has the slash of the client's URL in it",
        at="entrypoints/accounts_http/api/requests.py::path_of",
        old='request.path.rstrip("/")',
        new="request.path",
        check=http(f"{_CALLS}::test_the_link_to_the_next_page_has_every_prefix_of_the_clients_url"),
    ),
    Mutant(
        name="calls: a page of mails that is only right at the root",
        at="entrypoints/accounts_http/pages/mail_pages.py::page",
        old='to_root(path, root).removesuffix("/")',
        new='""',
        check=http(f"{_CALLS}::test_a_page_of_mails_finds_its_files_and_the_api_wherever_it_is"),
    ),
    Mutant(
        name="calls: a component that is taken for the host's class of its name",
        at="entrypoints/accounts_litestar/documentation/operations.py::_renamed.renamed",
        old="reference if found is None else found.ref",
        new="reference",
        check=http(f"{_OPERATIONS}::test_a_class_of_the_hosts_with_the_name_of_a_component_is_told_from_it"),
    ),
    Mutant(
        name="calls: a component that is left out because only another one needs it",
        at="entrypoints/accounts_http/openapi/references.py::components_of",
        old="waiting.append(schemas[name])",
        new="None",
        check=http(f"{_OPERATIONS}::test_components_are_found_through_one_another"),
    ),
    Mutant(
        name="the password form: there without being asked for",
        at="entrypoints/accounts_http/api/http_api.py::HttpApi.__init__",
        old="(*ENDPOINTS, PasswordFormApi) if self.options.password_form else ENDPOINTS",
        new="(*ENDPOINTS, PasswordFormApi)",
        check=http(f"{_FORM}::test_without_the_option_there_is_no_such_call_and_nothing_of_it_in_the_document"),
    ),
    Mutant(
        name="the password form: a client's secret that is no secret here",
        at="entrypoints/accounts_http/bodies.py",
        old='("password", "secret", "token", "email", "url")',
        new='("password", "token", "email", "url")',
        check=http(f"{_FORM}::test_a_client_secret_and_a_password_are_shown_by_nothing"),
    ),
    Mutant(
        name="the password form: parameters that nobody knows are refused",
        at="entrypoints/accounts_http/bodies.py::fill",
        old="model.__struct_config__.forbid_unknown_fields",
        new="True",
        check=http(f"{_FORM}::test_the_form_is_answered_as_a_sign_in"),
    ),
    Mutant(
        name="the password form: another grant that is taken for a password's",
        at="entrypoints/accounts_http/schemas/auth.py::PasswordForm",
        old='Literal["password"]',
        new="str",
        check=http(f"{_FORM}::test_what_is_wrong_is_named_as_the_form_names_it"),
    ),
)
