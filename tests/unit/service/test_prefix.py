"""The prefix of the service's public URL, in the scopes of requests that have it and of those that do not."""

from typing import Any

import pytest

from accounts_core.sync import run_sync
from accounts_service.prefix import Prefixed, prefix_of


def placed(root: str, path: str, *, raw: str | None = None, mounted: str = "") -> tuple[str, str, str]:
    """Return root path, path and raw path that the application gets."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    scope = {"type": "http", "path": path, "raw_path": (path if raw is None else raw).encode(), "root_path": mounted}
    run_sync(Prefixed(app, root)(scope, None, None))  # type: ignore[arg-type]
    (got,) = seen
    return got["root_path"], got["path"], got["raw_path"].decode()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, ""),
        ("https://h.example", ""),
        ("https://h.example/", ""),
        ("https://h.example/accounts", "/accounts"),
        ("https://h.example/accounts/", "/accounts"),
        ("https://h.example:8443/one/v1.2", "/one/v1.2"),
        ("https://h.example/%C3%BCber", "/über"),
    ],
)
def test_the_prefix_is_the_path_of_the_public_url(url: str | None, expected: str) -> None:
    assert prefix_of(url) == expected


@pytest.mark.parametrize("path", ["/accounts/api/auth/login", "/api/auth/login"])
@pytest.mark.parametrize("at", ["/accounts", "/one/two"])
def test_a_path_with_the_prefix_and_one_without_are_the_same(path: str, at: str) -> None:
    """E14: a proxy removes it, or does not."""
    path = path.replace("/accounts", at)

    assert placed(at, path) == (at, f"{at}/api/auth/login", f"{at}/api/auth/login")


@pytest.mark.parametrize("path", ["/accounts", "/accounts/", "/"])
def test_the_root_is_found_either_way(path: str) -> None:
    assert placed("/accounts", path)[:2] == ("/accounts", "/accounts/")


@pytest.mark.parametrize(
    ("path", "below"),
    [("/api/api/users", "/api/users"), ("/api/users", "/api/users"), ("/api/health/live", "/health/live")],
)
def test_a_prefix_that_is_a_path_of_the_service_itself_is_told_from_it(path: str, below: str) -> None:
    assert placed("/api", path)[:2] == ("/api", f"/api{below}")


@pytest.mark.parametrize(
    ("mounted", "path", "raw"),
    [
        ("/accounts", "/accounts/api/x", "/accounts/api/x"),  # mounted by Starlette at the prefix
        ("", "/api/x/", "/accounts/api/x"),  # by Litestar
        ("/inner", "/inner/api/x", "/inner/api/x"),  # a proxy turns /accounts into /inner
        ("/accounts", "/api/x", "/api/x"),
    ],
)
def test_clients_use_the_public_prefix_whatever_the_mount(mounted: str, path: str, raw: str) -> None:
    assert placed("/accounts", path, raw=raw, mounted=mounted) == ("/accounts", "/accounts/api/x", "/accounts/api/x")


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("/api/x", "/api%2Fx"),
        ("/accounts/api/x", "/accounts/api%2fx"),
        ("/accounts//api/x", "/accounts//api/x"),
        ("/accounts/./api/x", "/accounts/%2e/api/x"),
        ("/accounts/api/x", "/accounts%2Fapi/x"),
    ],
)
def test_other_spellings_of_a_path_reach_the_guard_as_they_were_sent(path: str, raw: str) -> None:
    """Which refuses them, because a proxy that guards a path may not recognize it in another spelling."""
    sent = raw.removeprefix("/accounts")

    assert placed("/accounts", path, raw=raw)[2].endswith(sent)


def test_without_a_prefix_the_scope_is_left_alone() -> None:
    scope = {"type": "http", "path": "/api/x"}
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    run_sync(Prefixed(app, "")(scope, None, None))  # type: ignore[arg-type]

    assert seen[0] is scope
