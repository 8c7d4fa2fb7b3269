"""Prefixes of URLs, and a Litestar host's own routes."""

from typing import Final

from tests.mutants.mutant import Mutant

_MOUNTING: Final = "entrypoints/accounts_http/mounting.py"
_HOST: Final = "entrypoints/accounts_litestar/host"


def _place(test: str) -> str:
    return f"tests/unit/adapters/test_mounting.py::{test}"


def _host(test: str) -> str:
    return f"tests/integration/litestar/test_host_routes.py::{test}"


MOUNTED: Final = (
    Mutant(
        name="mounting: a prefix that a browser takes for another host",
        at=f"{_MOUNTING}::Place.of",
        old="_PREFIX.fullmatch(mount)",
        new="True",
        check=_place("test_the_place_is_found_in_every_scope"),
    ),
    Mutant(
        name="mounting: a prefix that only looks like one",
        at=f"{_MOUNTING}::is_below",
        old="path.startswith(root + '/')",
        new="path.startswith(root)",
        check=_place("test_the_place_is_found_in_every_scope"),
    ),
    Mutant(
        name="mounting: the same prefix twice",
        at=f"{_MOUNTING}::require_single_prefix",
        old="own and root.endswith(own)",
        new="own and root == own",
        check=_place("test_the_same_prefix_twice_is_an_error"),
    ),
    Mutant(
        name="mounting: another spelling of a path that gets past the guard, behind the service's prefix",
        at="entrypoints/accounts_service/prefix.py::Prefixed._placed",
        old="_without(raw, root, path)",
        new="in_url(path).encode()",
        check="tests/unit/service/test_prefix.py::test_other_spellings_of_a_path_reach_the_guard_as_they_were_sent",
    ),
    Mutant(
        name="mounting: the handler of the outer application is taken for the inner one's",
        at="entrypoints/accounts_litestar/host/unrouted.py::Unrouted._handle",
        old="handler is not None and handler.app is request.app",
        new="handler is not None",
        check="tests/integration/http/test_mounting.py::test_a_host_with_the_plugin_is_mounted_as_well",
    ),
    Mutant(
        name="litestar host: a guard that lets everybody in",
        at=f"{_HOST}/dependencies.py::Dependencies.signed_in",
        old="not handler.opt.get(OPT_OUT)",
        new="False",
        check=_host("test_guards_of_an_application_a_router_and_a_controller_let_out_whom_the_host_lets_out"),
    ),
    Mutant(
        name="litestar host: an old sign-in that is recent enough",
        at=f"{_HOST}/callers.py::RequestCallers.require_recent",
        old="require_recent(await self._resolve(connection))",
        new="await self._resolve(connection)",
        check=_host("test_an_old_sign_in_is_not_recent"),
    ),
    Mutant(
        name="litestar host: each dependency that reads the store for itself",
        at=f"{_HOST}/callers.py::RequestCallers._resolve",
        old="kept.caller is None",
        new="True",
        check=_host("test_a_request_reads_the_store_once_however_many_ask"),
    ),
    Mutant(
        name="litestar host: the answer for one user that is cached for all",
        at=f"{_HOST}/routes.py::HostRoutes.complete",
        old="handler.cache and handler.cache_key_builder is None",
        new="False",
        check=_host("test_an_answer_for_one_user_is_not_cached_for_all"),
    ),
)
