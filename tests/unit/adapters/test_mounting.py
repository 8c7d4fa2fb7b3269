"""Where an application is in its clients' URLs, from the scopes that frameworks and servers make."""

from typing import Any

import pytest

from accounts_core.errors import ConfigurationError
from accounts_http.mounting import Place, in_url, prefix, require_single_prefix, to_root


def scope(path: str, *, raw: str | None = None, root: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"path": path}
    if raw is not None:
        made["raw_path"] = raw.encode()
    if root is not None:
        made["root_path"] = root
    return made


@pytest.mark.parametrize(
    ("made", "root", "path"),
    [
        # nothing is mounted
        (scope("/api/x"), "", "/api/x"),
        (scope("/api/x", raw="/api/x", root=""), "", "/api/x"),
        (scope("/api/ä", raw="/api/%C3%A4", root=""), "", "/api/ä"),
        (scope("/", raw="/", root=""), "", "/"),
        (scope("", raw="", root=""), "", "/"),
        (scope("/api/x", raw="/api/x/", root=""), "", "/api/x/"),
        # Starlette, FastAPI, and uvicorn with --root-path
        (scope("/a/api/x", raw="/a/api/x", root="/a"), "/a", "/api/x"),
        (scope("/a/api/x", root="/a"), "/a", "/api/x"),
        (scope("/a/", raw="/a/", root="/a"), "/a", "/"),
        (scope("/a", raw="/a", root="/a"), "/a", "/"),
        (scope("/o/a/api", raw="/o/a/api", root="/o/a"), "/o/a", "/api"),
        (scope("/ü.b/api", raw="/%C3%BC.b/api", root="/ü.b"), "/ü.b", "/api"),
        # a root path with a slash at its end, and without one before it
        (scope("/a/api/x", raw="/a/api/x", root="/a/"), "/a", "/api/x"),
        (scope("/a/api/x", raw="/a/api/x", root="a"), "/a", "/api/x"),
        (scope("/api/x", raw="/api/x", root="/"), "", "/api/x"),
        # a proxy that removes the prefix, and FastAPI(root_path=...) or a test client that says so
        (scope("/api/x", raw="/api/x", root="/a"), "/a", "/api/x"),
        (scope("/api/x", raw="/api/x", root="/a/"), "/a", "/api/x"),
        # a prefix that only looks like one: `/a` is no prefix of `/api`
        (scope("/api/a/x", raw="/api/a/x", root="/a"), "/a", "/api/a/x"),
        (scope("/apis/x", raw="/apis/x", root="/api"), "/api", "/apis/x"),
        # Litestar's mount: the prefix is in raw_path alone, and the path has a slash at its end
        (scope("/api/x/", raw="/a/api/x", root=""), "/a", "/api/x"),
        (scope("/api/x/", raw="/a/api/x/", root=""), "/a", "/api/x/"),
        (scope("/", raw="/a", root=""), "/a", "/"),
        (scope("/", raw="/a/", root=""), "/a", "/"),
        (scope("/api/x/", raw="/o/a/api/x", root=""), "/o/a", "/api/x"),
        (scope("/api/ä/", raw="/%C3%BC/api/%C3%A4", root=""), "/ü", "/api/ä"),
        # Litestar's mount in an application that is mounted, or behind a server with a root path
        (scope("/api/x/", raw="/o/a/api/x", root="/o"), "/o/a", "/api/x"),
        (scope("/api/x/", raw="/api/a/api/x", root="/api"), "/api/a", "/api/x"),
        # ... and behind a proxy that removes the root path
        (scope("/api/x/", raw="/a/api/x", root="/o"), "/o/a", "/api/x"),
        # a mount of Starlette in one of Litestar
        (scope("/a/api/x/", raw="/o/a/api/x", root="/a"), "/o/a", "/api/x"),
        (scope("/a/", raw="/o/a", root="/a"), "/o/a", "/"),
        # ... once an application of Litestar's inside of it has routed the request
        (scope("/api/x", raw="/o/a/api/x", root="/a"), "/o/a", "/api/x"),
        # somebody has rewritten the path
        (scope("/api/x", raw="/old/y", root=""), "", "/api/x"),
        (scope("/api/x", raw="/old/y", root="/a"), "/a", "/api/x"),
        # no prefix begins with two slashes, which a browser takes for another host
        (scope("/api/x", raw="//evil.example/api/x", root=""), "", "/api/x"),
        (scope("/api/x", raw="//api/x", root=""), "", "/api/x"),
        (scope("/a/api", raw="/a/api", root="//a"), "/a", "/api"),
    ],
)
def test_the_place_is_found_in_every_scope(made: dict[str, Any], root: str, path: str) -> None:
    assert Place.of(made) == Place(root, path)

    Place.of(made).apply(made)

    assert made["root_path"] == root
    assert made["path"] == root + path
    assert Place.of(made) == Place(root, path), "it stays the same when it is asked for again"


@pytest.mark.parametrize(
    ("path", "root", "reference"),
    [
        ("/schema", "", "./"),
        ("/schema/", "", "../"),
        ("/a/schema", "/a", "./"),
        ("/a/b/schema/", "/a/b", "../"),
        ("/a/docs/api", "/a", "../"),
        ("/a/", "/a", "./"),
        ("/", "", "./"),
        ("/a", "/a", "./a/"),
        ("/x/ü:b", "/x/ü:b", "./%C3%BC:b/"),
        # the prefix is not known, and not needed
        ("/schema", "/elsewhere", "./"),
    ],
)
def test_a_page_refers_to_its_root(path: str, root: str, reference: str) -> None:
    assert to_root(path, root) == reference


@pytest.mark.parametrize(
    ("given", "expected"),
    [("", ""), ("/", ""), ("a", "/a"), ("/a/", "/a"), ("//a//", "/a"), ("/a/b", "/a/b"), ("/v1.2", "/v1.2")],
)
def test_a_prefix_has_a_slash_before_it_and_none_after_it(given: str, expected: str) -> None:
    assert prefix(given) == expected


def test_a_prefix_in_a_url_breaks_out_of_no_header_and_no_attribute() -> None:
    assert in_url('/ü>"\r\n?#%/v1.2;x') == "/%C3%BC%3E%22%0D%0A%3F%23%25/v1.2;x"


@pytest.mark.parametrize(("root", "path"), [("/a", "/a"), ("/o/a", "a/"), ("/o/a", "/o/a")])
def test_the_same_prefix_twice_is_an_error(root: str, path: str) -> None:
    """E32."""
    with pytest.raises(ConfigurationError, match=f"mounted at {root}, and HttpOptions"):
        require_single_prefix(root, path)


@pytest.mark.parametrize(("root", "path"), [("", "/a"), ("/a", "/"), ("/a", ""), ("/ba", "/a"), ("/a", "/a/b")])
def test_different_prefixes_are_fine(root: str, path: str) -> None:
    require_single_prefix(root, path)
