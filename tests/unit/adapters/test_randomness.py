"""What has to be hard to guess comes from the system's source as it is, and all of it."""

import secrets

import pytest

from accounts_system import SystemSecrets

DRAWS = 1_000


def test_every_byte_of_every_draw_varies() -> None:
    """ASVS 5.0, 11.5.1: 32 bytes that are made of fewer would repeat themselves, in a draw or between them."""
    drawn = [SystemSecrets().random_bytes(32) for _ in range(DRAWS)]

    parts = [draw[at : at + 8] for draw in drawn for at in range(0, 32, 8)]
    assert len(set(parts)) == 4 * DRAWS
    for place in range(32):
        assert len({draw[place] for draw in drawn}) > 200  # of 256; fewer has a chance of less than 10 ** -60


def test_it_is_the_systems_generator_and_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """ASVS 5.0, 11.5.1 and 11.5.2: there is no pool to run dry, to fork or to seed."""
    asked = []

    def token_bytes(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    monkeypatch.setattr(secrets, "token_bytes", token_bytes)

    assert SystemSecrets().random_bytes(32) == bytes(range(32))
    assert asked == [32]
