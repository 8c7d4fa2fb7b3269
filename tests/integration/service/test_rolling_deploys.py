"""Two releases serve one database while a fleet is updated, and no request fails."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.integration.service.releases import TODAY, Release, Traffic, release_at

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
