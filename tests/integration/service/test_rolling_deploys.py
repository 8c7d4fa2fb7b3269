"""Two releases serve one database while a fleet is updated, and no request fails."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.integration.service.releases import TODAY, Release, Traffic, next_release, release_at

pytestmark = pytest.mark.long

RELEASE_BEFORE = "0ecadee"
LIMITS = "sign-up=100000/hour,sign-in=100000/hour,recovery=100000/hour"


@pytest.fixture(params=["sqlite", "postgresql"])
def values(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    url = (
        request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{folder}/accounts.db"
    )
    return {"database_url": url, "limits": LIMITS}


@pytest.fixture
def release_before(tmp_path_factory: pytest.TempPathFactory) -> Release:
    release = release_at(RELEASE_BEFORE, tmp_path_factory.mktemp("before"))
    if release is None:
        pytest.skip("This checkout has no history, so the release before cannot be run.")
    return release


def test_the_release_before_goes_on_while_this_one_migrates(release_before: Release, values: dict[str, str]) -> None:
    with ExitStack() as started, release_before.serving(**values) as before, Traffic([before.url]).running() as traffic:
        traffic.wait_for(2)
        migrated = TODAY.command("migrate", **values)
        traffic.wait_for(2)
        today = started.enter_context(TODAY.serving(**values))
        traffic.urls = [before.url, today.url]
        traffic.wait_for(4)
        traffic.urls = [today.url]
        traffic.wait_for(2)
        assert before.stop() == 0
        traffic.wait_for(2)

    assert (migrated.returncode, migrated.stderr) == (0, "")
    assert traffic.unexpected == {}


def test_today_serves_while_the_next_release_migrates_and_after_it_is_rolled_back(
    values: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The next release only adds, so code that knows nothing of it goes on, and starts again."""
    later = next_release(tmp_path_factory.mktemp("next"))
    with ExitStack() as started, TODAY.serving(**values) as today, Traffic([today.url]).running() as traffic:
        traffic.wait_for(2)
        migrated = later.command("migrate", **values)
        traffic.wait_for(2)
        next_one = started.enter_context(later.serving(**values))
        traffic.urls = [today.url, next_one.url]
        traffic.wait_for(2)
        again = started.enter_context(TODAY.serving(**values))
        traffic.urls = [today.url, again.url]
        traffic.wait_for(2)
        assert next_one.stop() == 0
        traffic.wait_for(1)

    assert (migrated.returncode, migrated.stderr) == (0, "")
    assert traffic.unexpected == {}
    assert any("9999 of a later release" in line for line in again.lines)


def test_the_next_release_starts_on_todays_database_and_migrates_it_beside_todays_service(
    values: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    later = next_release(tmp_path_factory.mktemp("next"))
    with ExitStack() as started, TODAY.serving(**values) as today, Traffic([today.url]).running() as traffic:
        traffic.wait_for(2)
        next_one = started.enter_context(later.serving(**values))
        traffic.urls = [today.url, next_one.url]
        traffic.wait_for(3)
        traffic.urls = [next_one.url]
        traffic.wait_for(1)
        assert today.stop() == 0
        traffic.wait_for(1)

    assert traffic.unexpected == {}


def test_a_release_that_cannot_serve_a_newer_database_says_in_what_order_to_go_on(
    values: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    later = next_release(tmp_path_factory.mktemp("next"), served_from="9999")
    migrated = later.command("migrate", **values)

    refused = TODAY.command("serve", "--port", "0", **values)

    assert migrated.returncode == 0
    assert refused.returncode == 1
    assert "only releases that know 9999 can serve it" in refused.stderr
    assert "deploy the later release everywhere" in refused.stderr
