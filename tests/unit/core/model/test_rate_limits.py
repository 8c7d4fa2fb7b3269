"""What a limiter stores of a scope."""

from hashlib import sha256

import pytest

from accounts_core.model.rate_limits import scope_digest


def test_a_scope_is_stored_as_the_same_digest_for_ever() -> None:
    digest = "660e52816b77ac1825321543344bfa73a91eaf0b40168beb71d6e86a4067f9c7"

    assert scope_digest("account:jane@example.org").hex() == digest


@pytest.mark.parametrize("scope", ["", "a\0b", "a\ud800b", "x" * 100_000])
def test_any_text_has_a_digest(scope: str) -> None:
    assert scope_digest(scope) == sha256(scope.encode("utf-8", "surrogatepass")).digest()
