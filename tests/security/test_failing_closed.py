"""Where a guard cannot do its work, nobody gets in; and where the service is reached by HTTPS, browsers stay there."""

from typing import Any

import pytest
from argon2.exceptions import HashingError
from tests.integration.cli.harness import Served
from tests.integration.http.client import PASSWORD, Client

from accounts_argon2 import Argon2Hasher, Cost
from accounts_core.errors import Unavailable
from accounts_core.model.passwords import Password
from accounts_core.model.secret_values import PasswordHash
from accounts_core.sync import run_sync

HSTS = "strict-transport-security"


@pytest.mark.parametrize("error", [MemoryError(), HashingError("Memory allocation error")])
def test_without_memory_for_a_hash_no_password_is_right(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """ASVS 5.0, 11.2.5: neither the right password, nor one where there is no hash."""
    hasher = Argon2Hasher(Cost(memory_kib=8, passes=1))
    stored = run_sync(hasher.hash(Password(PASSWORD)))

    def fails(*_: Any, **__: Any) -> bytes:
        raise error

    monkeypatch.setattr("accounts_argon2.workspace.Workspaces.tag", fails)

    for each in (stored, None, PasswordHash("not a hash")):
        with pytest.raises(Unavailable):
            run_sync(hasher.verify(each, Password(PASSWORD)))
    with pytest.raises(Unavailable):
        run_sync(hasher.hash(Password(PASSWORD)))


def test_where_the_public_address_is_https_every_answer_says_so(served: Served) -> None:
    """ASVS 5.0, 12.3.1: an error's answer as well; the fixture's public address is HTTPS."""
    with served.client() as client:
        for path in ("/health/live", "/api/v1/user", "/nowhere", "/verify-email", "/schema"):
            assert client.get(path).headers[HSTS] == "max-age=31536000; includeSubDomains"


def test_where_it_is_not_no_browser_is_told_to_stay(api: Client) -> None:
    assert HSTS not in api.get("/health/live").headers
