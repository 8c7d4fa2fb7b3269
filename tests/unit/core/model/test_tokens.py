from hashlib import sha256

import pytest

from accounts_core.errors import InvalidToken
from accounts_core.model.secret_values import TokenDigest
from accounts_core.model.tokens import digest_of, new_token

TOKEN = new_token(bytes(range(32)))


def test_a_token_has_a_prefix_and_only_letters_and_digits() -> None:
    assert TOKEN.startswith("acc_")
    assert TOKEN.removeprefix("acc_").isalnum()
    assert TOKEN.isascii()


@pytest.mark.parametrize("random", [bytes(32), b"\xff" * 32, bytes(range(32))])
def test_every_token_has_the_same_length(random: bytes) -> None:
    assert len(new_token(random)) == 4 + 43 + 6


def test_all_256_bits_are_in_the_token() -> None:
    assert len({new_token(bit.to_bytes(32, "big")) for bit in (1 << n for n in range(256))}) == 256


def test_the_store_knows_a_token_by_its_sha_256() -> None:
    assert digest_of(TOKEN) == TokenDigest(sha256(TOKEN.encode()).digest())


@pytest.mark.parametrize(
    "token",
    [
        "",
        "acc_",
        TOKEN[:-1],
        TOKEN + "0",
        TOKEN.replace("acc_", "abc_"),
        TOKEN[:-1] + ("0" if TOKEN[-1] != "0" else "1"),
        TOKEN[:10] + ("0" if TOKEN[10] != "0" else "1") + TOKEN[11:],
        TOKEN[:-1] + "\u0661",
        TOKEN[:-1] + "\n",
        " " + TOKEN[1:],
        "x" * 1_000_000,
    ],
)
def test_what_is_no_token_of_ours_is_refused_without_asking_the_store(token: str) -> None:
    with pytest.raises(InvalidToken):
        digest_of(token)
