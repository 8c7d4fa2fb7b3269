"""A FastAPI application: what it is given, and what stays its own."""

from typing import Final

from tests.mutants.mutant import Mutant

_AT: Final = "entrypoints/accounts_fastapi"
_TESTS: Final = "tests/integration/fastapi"

FASTAPI: Final = (
    Mutant(
        name="fastapi: a read for each dependency of a request",
        at=f"{_AT}/dependencies.py::Dependencies._caller",
        old="kept[key] = caller",
        new="",
        check=f"{_TESTS}/test_dependencies.py::test_all_dependencies_of_a_request_are_one_statement_and_the_touch_is_after_the_answer",
    ),
    Mutant(
        name="fastapi: a WebSocket that does not keep its session from ending",
        at=f"{_AT}/dependencies.py::Dependencies._caller",
        old="await touch(self._accounts, caller)",
        new="tasks.add_task(touch, self._accounts, caller)",
        check=f"{_TESTS}/test_dependencies.py::test_a_websocket_has_the_user_and_touches_the_session",
    ),
    Mutant(
        name="fastapi: a token that is not valid counts as none",
        at=f"{_AT}/dependencies.py::Dependencies.optional_session",
        old="MissingToken",
        new="Exception",
        check=f"{_TESTS}/test_dependencies.py::test_a_request_without_a_valid_token_gets_a_problem",
    ),
    Mutant(
        name="fastapi: a host's exception handler overwritten",
        at=f"{_AT}/integration.py::FastAPIAccounts.install",
        old="app.exception_handlers.setdefault(cls, handler)",
        new="app.exception_handlers.update({cls: handler})",
        check=f"{_TESTS}/test_dependencies.py::test_a_hosts_own_handler_stays",
    ),
    Mutant(
        name="fastapi: a user whom the host looked up taken for the one who is signed in",
        at=f"{_AT}/problems.py::Problems._problem",
        old="True",
        new="False",
        check=f"{_TESTS}/test_dependencies.py::test_an_error_of_the_accounts_is_answered_with_its_problem",
    ),
    Mutant(
        name="fastapi: a body without a limit while it is read",
        at=f"{_AT}/requests.py::FastAPIRequest._read",
        old="len(body) > limit_bytes",
        new="False",
        check=f"{_TESTS}/test_calls.py::test_what_is_over_the_limit_is_not_read",
    ),
    Mutant(
        name="fastapi: a model of the host taken for ours of the same name",
        at=f"{_AT}/documentation.py::Documentation._names_beside",
        old="names[name] in taken and taken[names[name]] != schema",
        new="False",
        check=f"{_TESTS}/test_openapi.py::test_a_model_of_the_host_keeps_its_name",
    ),
    Mutant(
        name="fastapi: a host's state lost in our lifespan",
        at=f"{_AT}/integration.py::FastAPIAccounts.install",
        old="yield state",
        new="yield None",
        check=f"{_TESTS}/test_lifespans.py::test_the_hosts_lifespan_runs_within_ours_and_its_state_survives",
    ),
    Mutant(
        name="fastapi: a method of the host shadowed by the path of a call",
        at=f"{_AT}/routing.py::DispatchingRoute.matches",
        old='scope["method"] in found.calls',
        new="True",
        check=f"{_TESTS}/test_calls.py::test_a_method_of_the_host_on_the_same_path_is_the_hosts",
    ),
    Mutant(
        name="fastapi: a lifespan that nobody runs goes unnoticed by the calls",
        at=f"{_AT}/routing.py::Dispatcher._answer",
        old="self._require_running()",
        new="None",
        check=f"{_TESTS}/test_lifespans.py::test_e29_a_mounted_application_that_nobody_starts_says_so",
    ),
)
