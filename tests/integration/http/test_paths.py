"""A17: one path for each call, and no other way to write it; and the same headers on every page."""

import pytest
from tests.integration.http.client import Client, problem

ALIASES = [
    "//api/users/current",
    "/api//users/current",
    "/api/users//current",
    "/api%2Fusers%2Fcurrent",
    "/api/users%2fcurrent",
    "/api/users%5Ccurrent",
    "/api/%2e/users/current",
    "/api/x/%2E%2e/users/current",
    "///schema",
    "/schema//openapi.json",
    "//health/live",
    "/api/users/current//",
]


@pytest.mark.parametrize("path", ALIASES)
def test_another_way_to_write_a_path_is_not_found(api: Client, path: str) -> None:
    jane = api.sign_up()

    # whole, because an address that begins with two slashes names a host
    url = f"{str(api.http.base_url).rstrip('/')}{path}"
    answer = jane.get(url)

    assert answer.request.url.raw_path.decode() == path
    problem(answer, 404, "not-found")


def test_the_path_itself_is_found(api: Client) -> None:
    assert api.sign_up().get("/api/users/current").status_code == 200
